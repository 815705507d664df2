namespace Kola;

/// <summary>
/// A fault <c>kola mutate</c> injects into ready machines, to see which tests notice: <c>public static async Task X(Machine machine)</c> in the suite's
/// assembly. It has to see its own effect on the machine, and to throw when there is none: a fault that does nothing is no gap of the suite's.
/// </summary>
/// <param name="id">Lowercase and dotted, permanent, unique in the assembly: <c>dns.unreachable</c>.</param>
/// <param name="what">What is wrong with the image then, as a clause without a period: <c>no name server answers</c>.</param>
[AttributeUsage(AttributeTargets.Method)]
public sealed class FaultAttribute(string id, string what) : Attribute
{
    /// <summary>Its id.</summary>
    public string Id { get; } = id;

    /// <summary>What is wrong with the image then.</summary>
    public string What { get; } = what;

    /// <summary>Reboot the machine once it is injected, because it shows only in a machine that boots with it. Default no.</summary>
    public bool Reboots { get; set; }

    /// <summary>Ids of the tests that most likely notice, or globs over them: they run first. Default none.</summary>
    public string[] Near { get; set; } = [];
}
