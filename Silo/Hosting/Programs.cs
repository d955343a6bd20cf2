using System.Diagnostics;

namespace OrleansOrchestrator.Silo.Hosting;

/// <summary>A program of the operating system that we start.</summary>
/// <param name="Name">The file to look for.</param>
/// <param name="Package">Debian's package that has it.</param>
/// <param name="Why">What we need it for, for people.</param>
public sealed record RequiredProgram(string Name, string Package, string Why);

/// <summary>Finds programs, and runs short ones.</summary>
public static class Programs
{
    public static readonly IReadOnlyList<RequiredProgram> ForControlPlane =
    [
        new("postgres", "postgresql", "the store: a private PostgreSQL"),
    ];

    public static readonly IReadOnlyList<RequiredProgram> ForNode =
    [
        new("containerd", "containerd", "runs containers, through CRI"),
        new("runc", "runc", "starts containers for containerd"),
        new("/usr/lib/cni/bridge", "containernetworking-plugins", "connects pods to the network"),
        new("nft", "nftables", "programs Services into the kernel"),
        new("ip", "iproute2", "sets up addresses and bridges"),
        new("conntrack", "conntrack", "forgets connections to endpoints that are gone"),
    ];

    private static readonly string[] MoreDirectories = ["/usr/sbin", "/sbin", "/usr/local/sbin"];

    /// <summary>The path of a program, or null.</summary>
    public static string? Find(string name)
    {
        if (Path.IsPathRooted(name))
        {
            return File.Exists(name) ? name : null;
        }

        if (name is "postgres" or "initdb" or "pg_ctl" or "pg_dump" or "pg_restore")
        {
            return FindPostgres(name);
        }

        var directories = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Concat(MoreDirectories);
        return directories.Select(d => Path.Combine(d, name)).FirstOrDefault(File.Exists);
    }

    /// <summary>Runs a program to its end; its output is kept for the error message.</summary>
    public static async Task<(int ExitCode, string Output)> RunAsync(
        string program, IEnumerable<string> arguments, CancellationToken cancellationToken,
        IEnumerable<KeyValuePair<string, string>>? variables = null)
    {
        using var process = new Process();
        process.StartInfo = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true,
            WorkingDirectory = "/",
        };
        process.StartInfo.Environment.Remove(SiloOptions.ConnectionVariable); // may hold a password, and is the silo's
        foreach (var (name, value) in variables ?? [])
        {
            process.StartInfo.Environment[name] = value;
        }

        process.Start();
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
        var errors = process.StandardError.ReadToEndAsync(cancellationToken);
        await process.WaitForExitAsync(cancellationToken);
        return (process.ExitCode, (await output + await errors).Trim());
    }

    /// <summary>Runs a program that must succeed.</summary>
    public static async Task<string> RequireAsync(
        string program, IEnumerable<string> arguments, CancellationToken cancellationToken)
    {
        var all = arguments.ToList();
        var (exitCode, output) = await RunAsync(program, all, cancellationToken);
        return exitCode == 0
            ? output
            : throw new UserErrorException(
                $"'{program} {string.Join(' ', all)}' failed with exit code {exitCode}: {output}");
    }

    // Debian keeps PostgreSQL's server programs in a directory per version, outside the PATH; the newest wins.
    private static string? FindPostgres(string name)
    {
        const string Versions = "/usr/lib/postgresql";
        if (!Directory.Exists(Versions))
        {
            return null;
        }

        return Directory.GetDirectories(Versions)
            .Select(d => (Version: int.TryParse(Path.GetFileName(d), out var version) ? version : 0, Path: Path.Combine(d, "bin", name)))
            .Where(p => p.Version >= PrivatePostgres.OldestVersion && File.Exists(p.Path))
            .OrderByDescending(p => p.Version)
            .Select(p => p.Path)
            .FirstOrDefault();
    }
}
