namespace Kola.Reporting;

/// <summary>
/// Names under which machines are recorded that belong to no attempt of a test: those that become templates, and those a test is repeated
/// on. An id of a test has no slash in it, so none of them can be taken for one.
/// </summary>
internal static class Aside
{
    private const string Templates = "template/";
    private const string Repeated = "/cold";

    /// <summary>As much of a template's key as a person needs.</summary>
    internal static string Short(string key) => key.Length <= 12 ? key : key[..12];

    /// <summary>Of the machine that becomes a template: <c>template/0b5e3f6a9c21</c>.</summary>
    internal static string OfTemplate(string key) => Templates + Short(key);

    /// <summary>Of the machines booted cold to repeat a test on them: <c>cl.basic/cold</c>.</summary>
    internal static string OfRepeated(string test) => test + Repeated;

    /// <summary>The test that is repeated under that name; null when it is none of these names.</summary>
    internal static string? RepeatedIn(string name) => name.EndsWith(Repeated, StringComparison.Ordinal) ? name[..^Repeated.Length] : null;

    /// <summary>As much of a template's key as is in such a name; null when it is none of a template.</summary>
    internal static string? TemplateIn(string name) => name.StartsWith(Templates, StringComparison.Ordinal) ? name[Templates.Length..] : null;

    /// <summary>Whether what is recorded under that name is no part of a test's result.</summary>
    internal static bool Is(string name) => TemplateIn(name) is not null || RepeatedIn(name) is not null;
}
