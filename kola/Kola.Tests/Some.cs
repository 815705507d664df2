namespace Kola.Tests;

/// <summary>Values for tests that do not care which.</summary>
internal static class Some
{
    internal static MachineSpec Machine(string name = "machine") => new() { Name = name };

    internal static TestCase Case(string id = "some.test", int minutes = 10, params MachineSpec[] machines) => new()
    {
        Id = id,
        Sentence = "Something holds",
        Source = "Some." + id,
        Minutes = minutes,
        Machines = machines.Length == 0 ? [Machine()] : machines,
    };

    internal static Image Image() => new() { File = "/images/some.img", Format = "raw", Digest = "sha256:" + new string('0', 64), Name = "some", Version = "4459.2.0+build" };
}
