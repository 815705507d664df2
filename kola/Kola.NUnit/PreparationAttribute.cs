namespace Kola;

/// <summary>
/// Brings a ready machine into a state several tests begin with, once for all of them where machines can be copied: <c>public static async
/// Task X(Machine machine)</c> in the suite's assembly. A machine asks for it with <c>[Spec(Prepared = "docker-busybox")]</c>. When it
/// throws, the tests that ask for it see it throw on machines of their own.
/// </summary>
/// <param name="name">Lowercase letters, digits and dashes; unique in the assembly.</param>
[AttributeUsage(AttributeTargets.Method)]
public sealed class PreparationAttribute(string name) : Attribute
{
    /// <summary>Its name.</summary>
    public string Name { get; } = name;
}
