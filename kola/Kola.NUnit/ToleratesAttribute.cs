namespace Kola;

/// <summary>A check that may fire during this test without failing it.</summary>
/// <param name="check">Id of the check, as <c>kola check-console --list</c> prints it.</param>
/// <param name="because">Why that is right here; may not be empty.</param>
[AttributeUsage(AttributeTargets.Method, AllowMultiple = true)]
public sealed class ToleratesAttribute(string check, string because) : Attribute
{
    /// <summary>Id of the check.</summary>
    public string Check { get; } = check;

    /// <summary>The reason.</summary>
    public string Because { get; } = because;
}
