namespace Kola;

/// <summary>
/// Brings ready machines into a state several tests begin with, once for all of them where machines can be copied: <c>public static async
/// Task X(Machine machine)</c> in the suite's assembly, with a last parameter of type <see cref="Lab"/> where it needs one. A machine asks for it with
/// <c>[Spec(Prepared = "docker-busybox")]</c>. When it throws, the tests that ask for it see it throw on machines of their own.
/// <para>
/// With several machines, each parameter said as a test says it, it makes a cluster: a test asks for all of them with
/// <c>[MachineTest("…", Prepared = "two-nodes")]</c>. They share the private segment and keep their roles and addresses; copies are of one moment.
/// </para>
/// </summary>
/// <param name="name">Lowercase letters, digits and dashes; unique in the assembly.</param>
[AttributeUsage(AttributeTargets.Method)]
public sealed class PreparationAttribute(string name) : Attribute
{
    /// <summary>Its name.</summary>
    public string Name { get; } = name;
}
