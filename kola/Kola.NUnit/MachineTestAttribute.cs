using NUnit.Framework;
using NUnit.Framework.Interfaces;
using NUnit.Framework.Internal;
using NUnit.Framework.Internal.Builders;
using NUnit.Framework.Internal.Commands;

namespace Kola;

/// <summary>
/// A test against booted machines. Each parameter of type <see cref="Machine"/> is one machine, its name the machine's role; a last parameter
/// of type <see cref="Lab"/> is optional.
/// </summary>
/// <param name="id">Permanent id: lowercase, dotted; the peer's where the test does the same job.</param>
[AttributeUsage(AttributeTargets.Method)]
public sealed class MachineTestAttribute(string id) : NUnitAttribute, ITestBuilder, IImplyFixture, IWrapSetUpTearDown, IWrapTestMethod
{
    /// <summary>Permanent id.</summary>
    public string Id { get; } = id;

    /// <summary>An id it had before. Default none.</summary>
    public string? Formerly { get; init; }

    /// <summary>First version it holds for, e.g. <c>3185.0.0</c>. Default all.</summary>
    public string? Since { get; init; }

    /// <summary>First version it no longer holds for. Default none.</summary>
    public string? Until { get; init; }

    /// <summary>Machine time it may take, in minutes of a machine with hardware virtualization. Default 10, 1 to 240.</summary>
    public int Minutes { get; init; } = 10;

    /// <summary>
    /// Its machines are booted for it alone, never copied: it looks at a first boot, at firmware, or at what a boot does with the disk.
    /// Default no.
    /// </summary>
    public bool Fresh { get; init; }

    /// <summary>
    /// Name of a <see cref="PreparationAttribute"/> of several machines, which all machines of the test have behind them together: its parameters are the
    /// preparation's, in the same order, and say nothing of their own. Default none.
    /// </summary>
    public string? Prepared { get; init; }

    /// <summary>Features without which it is skipped. Default none.</summary>
    public Feature[] Needs { get; init; } = [];

    /// <summary>Platforms it is bound to. Default all; prefer <see cref="Needs"/>.</summary>
    public string[] Platforms { get; init; } = [];

    /// <summary>Architectures it is bound to, <c>amd64</c> or <c>arm64</c>. Default all.</summary>
    public string[] Architectures { get; init; } = [];

    /// <inheritdoc/>
    public IEnumerable<TestMethod> BuildFrom(IMethodInfo method, Test? suite)
    {
        ArgumentNullException.ThrowIfNull(method);
        // Placeholders: the machines are put in their places when they have booted.
        var arguments = new TestCaseParameters(new object?[method.GetParameters().Length]);
        TestMethod test = new NUnitTestCaseBuilder().BuildTestMethod(method, suite, arguments);
        test.Name = Id;
        try
        {
            test.Properties.Set(TestCaseReader.Property, TestCaseReader.Read(this, method));
        }
        catch (UsageException problem)
        {
            test.MakeInvalid(problem.Message);
        }

        return [test];
    }

    // NUnit calls this for both interfaces: innermost around the method itself, to keep what it throws, and around set-up and tear-down, so
    // that the machines are there before the one and after the other.
    TestCommand ICommandWrapper.Wrap(TestCommand command) =>
        command is TestMethodCommand ? new FaultKeepingCommand(command) : new MachinesCommand(command);
}
