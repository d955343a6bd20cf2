namespace OrleansOrchestrator.Tidy;

/// <summary>
/// Breaches that are older than their rules. Each number may only fall: whoever mends some lowers it in the same
/// commit.
/// </summary>
internal static class Ratchets
{
    /// <summary>
    /// Lines of code over 120 columns that are not comments: mostly signatures, messages and tables of test cases.
    /// Wrap those that you touch.
    /// </summary>
    public const int LongCodeLines = 1268;

    /// <summary>Named in documents a little before they are there.</summary>
    public static readonly IReadOnlyList<string> PathsToCome = [];

    /// <summary>
    /// Who may make files by other means than OwnFiles: OwnFiles itself, what makes the files of users with the modes
    /// that are documented, what writes the kernel's own files, what adds to files of others, and the audit log, which
    /// is continued with a mode of its own.
    /// </summary>
    public static readonly IReadOnlySet<string> MakersOfFiles = new HashSet<string>
    {
        "Api/Audit/RotatedFile.cs",
        "Machine/OwnFiles.cs",
        "NodeAgent/Node/CgroupFiles.cs",
        "NodeAgent/Node/CgroupVersion1.cs",
        "NodeAgent/Node/CgroupVersion2.cs",
        "NodeAgent/Nftables/KernelSettings.cs",
        "NodeAgent/Volumes/HostPathCheck.cs",
        "Silo/Hosting/PackageInstaller.cs",
        "Silo/Hosting/PrivatePostgres.cs",
    };

    /// <summary>
    /// Places that catch everything (unless they are stopping) with no word of logging in the clause itself, by file.
    /// The mapper logs right after. A new one needs a reason as good.
    /// </summary>
    public static readonly IReadOnlyDictionary<string, int> SilentBroadCatches = new Dictionary<string, int>
    {
        ["Api/Errors/FailureMapper.cs"] = 1,
    };
}
