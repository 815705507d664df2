using System.Reflection;
using System.Text.RegularExpressions;
using Kola.Tests.Reporting;

namespace Kola.Tests.Architecture;

/// <summary>The rules of the house: who may know whom, and what things are called.</summary>
public sealed partial class HouseTests
{
    /// <summary>What a folder of the library may use beside the nouns at its root. Data flows one way; only Running uses all.</summary>
    private static readonly Dictionary<string, string[]> s_mayUse = new()
    {
        ["Discovery"] = [],
        ["Scheduling"] = [],
        ["Checks"] = [],
        ["Policies"] = [],
        ["Reporting"] = ["Policies"], // what a policy entry is called in a verdict
        ["Machines"] = ["Scheduling"], // a platform says what capacity it has
        ["Platforms"] = ["Machines"], // a driver opens a platform, which starts machines
        ["Clouds"] = ["Machines", "Scheduling", "Platforms"], // a platform over a cloud's own API
        ["Conformance"] = ["Machines", "Platforms", "Ignition"], // a promise is tried on machines with a config
        ["Updates"] = [],
        ["Ignition"] = ["Machines"], // a machine's config says which card it has on a segment
        ["Bootcharts"] = ["Machines", "Reporting"], // a boot is read from what was recorded of a machine
        ["Planning"] = ["Discovery", "Scheduling", "Ignition", "Policies"],
        ["Running"] = ["Discovery", "Scheduling", "Checks", "Reporting", "Machines", "Ignition", "Policies", "Planning", "Updates"],
    };

    private static readonly string[] s_bannedEndings = ["Manager", "Service", "Provider", "Factory", "Helper", "Helpers", "Util", "Utils", "Utilities", "Common", "Base"];

    [TestCase("kola/Kola", "")]
    [TestCase("kola/Kola.NUnit", "Kola")]
    [TestCase("kola/Kola.History", "Kola")]
    [TestCase("kola/Kola.Serving", "Kola")]
    [TestCase("platforms/Kola.Fake", "Kola")]
    [TestCase("platforms/Kola.Azure", "Kola")]
    [TestCase("platforms/Kola.Gcp", "Kola")]
    [TestCase("platforms/Kola.OpenStack", "Kola")]
    [TestCase("platforms/Kola.Segments", "Kola")]
    [TestCase("platforms/Kola.Qemu", "Kola Kola.Segments")]
    [TestCase("platforms/Kola.Aws", "Kola")]
    [TestCase("platforms/Kola.Lab", "Kola")]
    [TestCase("platforms/Kola.Libvirt.Bindings", "")]
    [TestCase("platforms/Kola.Libvirt", "Kola Kola.Segments Kola.Libvirt.Bindings")]
    [TestCase("tests/Flatcar.Tests", "Kola.NUnit")]
    [TestCase("tests/Reference", "")]
    public void A_project_knows_only_whom_it_may(string project, string projects)
    {
        string file = Directory.GetFiles(Path.Combine(GoldenFile.Root, project), "*.csproj").Single();
        IEnumerable<string> known = ProjectReference().Matches(File.ReadAllText(file)).Select(m => Path.GetFileNameWithoutExtension(m.Groups[1].Value));
        Assert.That(string.Join(' ', known), Is.EqualTo(projects));
    }

    [Test]
    public void The_library_knows_no_test_framework() =>
        Assert.That(typeof(Machine).Assembly.GetReferencedAssemblies().Select(a => a.Name), Has.None.Contains("nunit"));

    [TestCaseSource(nameof(Folders))]
    public void A_folder_of_the_library_uses_only_those_before_it(string folder)
    {
        string[] others = [.. s_mayUse.Keys.Where(k => k != folder && !s_mayUse[folder].Contains(k))];
        var wrong = Directory.GetFiles(Path.Combine(GoldenFile.Root, "kola/Kola", folder), "*.cs")
            .SelectMany(file => UsingKola().Matches(File.ReadAllText(file)).Select(m => (File: Path.GetFileName(file), Used: m.Groups[1].Value)))
            .Where(use => others.Contains(use.Used));
        Assert.That(wrong, Is.Empty);
    }

    [Test]
    public void Every_folder_of_the_library_has_its_place_in_the_flow() =>
        Assert.That(
            Directory.GetDirectories(Path.Combine(GoldenFile.Root, "kola/Kola")).Select(Path.GetFileName).Where(d => d is not ("bin" or "obj")),
            Is.EquivalentTo(s_mayUse.Keys));

    [Test]
    public void Types_are_nouns_of_the_field_not_patterns() =>
        Assert.That(Own().SelectMany(a => a.GetTypes()).Where(t => t.Namespace?.StartsWith("Kola", StringComparison.Ordinal) == true && s_bannedEndings.Any(e => t.Name.EndsWith(e, StringComparison.Ordinal))), Is.Empty);

    [Test]
    public void Public_classes_are_sealed_static_or_abstract() =>
        Assert.That(
            Own().SelectMany(a => a.GetExportedTypes()).Where(t => t is { IsClass: true, IsSealed: false, IsAbstract: false } && t != typeof(MachineException)),
            Is.Empty);

    [Test]
    public void The_public_surface_is_what_was_approved() =>
        GoldenFile.Check("public-api.txt", string.Join("\n", new[] { typeof(Machine).Assembly, typeof(MachineTestAttribute).Assembly }.SelectMany(PublicSurface.Of)) + "\n");

    [Test]
    public void Every_suite_can_be_explored()
    {
        Assert.That(new NUnitSuite(typeof(Flatcar.Tests.SuiteMarker).Assembly).Explore().Cases, Has.Count.AtLeast(15));
        Assert.That(new NUnitSuite(typeof(Samples.SampleTests).Assembly).Explore().Cases, Is.Not.Empty);
    }

    [Test]
    public void Every_package_is_explained()
    {
        string why = File.ReadAllText(Path.Combine(GoldenFile.Root, "docs/dependencies.md"));
        IEnumerable<string> packages = PackageVersion().Matches(File.ReadAllText(Path.Combine(GoldenFile.Root, "Directory.Packages.props"))).Select(m => m.Groups[1].Value);
        Assert.That(packages.Where(p => !why.Contains($"`{p}`", StringComparison.Ordinal)), Is.Empty);
    }

    [Test]
    public void Scripts_are_short_since_logic_belongs_in_the_program() =>
        Assert.That(Directory.GetFiles(Path.Combine(GoldenFile.Root, "scripts")).Where(f => File.ReadLines(f).Count() > 30), Is.Empty);

    private static Dictionary<string, string[]>.KeyCollection Folders() => s_mayUse.Keys;

    private static Assembly[] Own() => [typeof(Machine).Assembly, typeof(MachineTestAttribute).Assembly, typeof(Qemu.QemuPlatform).Assembly, typeof(Fake.FakePlatform).Assembly];

    // <ProjectReference Include="../Kola/Kola.csproj" />
    [GeneratedRegex("<ProjectReference Include=\"([^\"]+)\"")]
    private static partial Regex ProjectReference();

    // using Kola.Machines;
    [GeneratedRegex(@"^using Kola\.(\w+);", RegexOptions.Multiline)]
    private static partial Regex UsingKola();

    // <PackageVersion Include="CliWrap" Version="3.10.5" />
    [GeneratedRegex("<PackageVersion Include=\"([^\"]+)\"")]
    private static partial Regex PackageVersion();
}
