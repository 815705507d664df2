using Kola;

namespace Samples;

/// <summary>A fixture that throws before any machine is asked for.</summary>
public sealed class FixtureTests
{
    public FixtureTests() => throw new InvalidOperationException("the fixture cannot be made");

    [MachineTest("sample.fails.fixture", Minutes = 2)]
    public Task It_is_never_run(Machine machine) => machine.RunAsync("true");
}
