namespace Flatcar.Reference.Building;

/// <summary>The files by which one version differs from another; all else of two images is the same.</summary>
internal sealed class Release(ReferenceImageOptions options, string buildId)
{
    private const string Os = "lib/os-release", Flatcar = "share/flatcar/release", Lsb = "share/flatcar/lsb-release";

    /// <summary>Their paths below /usr.</summary>
    public static IReadOnlyList<string> Paths { get; } = [Os, Flatcar, Lsb];

    private readonly string version = $"{options.Version}+reference";

    /// <summary>What they hold, each shorter than a block of the file system, so that all versions have their blocks in the same places.</summary>
    public IReadOnlyDictionary<string, string> Files => new Dictionary<string, string>
    {
        [Os] = OsRelease,
        [Flatcar] = $$"""
            FLATCAR_RELEASE_VERSION={{options.Version}}
            FLATCAR_RELEASE_BOARD=amd64-usr
            FLATCAR_RELEASE_APPID={e96281a6-d1af-4bde-9a0a-97b76e56dc57}

            """,
        [Lsb] = $"DISTRIB_ID=\"Flatcar Container Linux by Kinvolk\"\nDISTRIB_RELEASE={options.Version}\n",
    };

    /// <summary>Content of the OEM partition's oem-release.</summary>
    public string OemRelease => $"""
        ID=qemu
        VERSION_ID={options.Version}
        NAME="QEMU"
        HOME_URL="https://www.qemu.org/"
        BUG_REPORT_URL="https://issues.flatcar.org"

        """;

    private string OsRelease => $"""
        NAME="Flatcar Container Linux by Kinvolk"
        ID="flatcar"
        ID_LIKE="coreos"
        VARIANT="Reference image"
        VARIANT_ID="reference"
        VERSION="{version}"
        VERSION_ID="{options.Version}"
        BUILD_ID="{buildId}"
        SYSEXT_LEVEL="1.0"
        PRETTY_NAME="Flatcar reference image {version} (made of Debian {options.DebianSuite})"
        ANSI_COLOR="38;5;75"
        HOME_URL="https://flatcar.org"
        BUG_REPORT_URL="https://issues.flatcar.org"
        FLATCAR_BOARD="amd64-usr"
        CPE_NAME="cpe:2.3:o:flatcar-linux:flatcar_linux:{version}:*:*:*:*:*:*:*"

        """;
}
