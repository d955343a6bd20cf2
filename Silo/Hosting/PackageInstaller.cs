using Spectre.Console;

namespace OrleansOrchestrator.Silo.Hosting;

/// <summary>Installs from Debian what the machine lacks, after saying what and why.</summary>
public static class PackageInstaller
{
    private const string CreateClusterConfiguration = "/etc/postgresql-common/createcluster.conf";

    /// <summary>Whether packages can be installed at all.</summary>
    public static bool CanInstall => Environment.IsPrivilegedProcess && Programs.Find("apt-get") is not null;

    /// <summary>Programs of the list that are not there.</summary>
    public static IReadOnlyList<RequiredProgram> Missing(IEnumerable<RequiredProgram> programs) =>
        [.. programs.Where(p => Programs.Find(p.Name) is null)];

    /// <summary>
    /// Installs the packages of the missing programs. Asks first when there is a terminal and no <c>--yes</c>. Fails
    /// with one clear sentence when it may not or cannot.
    /// </summary>
    public static async Task InstallAsync(
        IReadOnlyList<RequiredProgram> missing, bool yes, IAnsiConsole console, CancellationToken cancellationToken)
    {
        if (missing.Count == 0)
        {
            return;
        }

        var packages = missing.Select(p => p.Package).Distinct().ToList();
        var command = $"apt-get install {string.Join(' ', packages)}";
        foreach (var program in missing)
        {
            console.MarkupLineInterpolated(
                $"  missing: [bold]{program.Name}[/] ({program.Why}), in package {program.Package}");
        }

        if (!CanInstall)
        {
            throw new UserErrorException($"Programs are missing. Install them first, for example as root: {command}");
        }

        if (!yes
            && console.Profile.Capabilities.Interactive
            && !await console.ConfirmAsync($"Run '{command}' now?", true, cancellationToken))
        {
            throw new UserErrorException($"Nothing was installed. Install the packages yourself: {command}");
        }

        await InstallPackagesAsync(packages, console, cancellationToken);
    }

    private static async Task InstallPackagesAsync(
        List<string> packages, IAnsiConsole console, CancellationToken cancellationToken)
    {
        console.MarkupLineInterpolated($"  installing {string.Join(", ", packages)} …");
        await AptAsync(["update", "-q"], cancellationToken);
        if (packages.Contains("postgresql"))
        {
            // Debian would start a database server of its own on port 5432, which nobody asked for.
            await AptAsync(["install", "-y", "--no-install-recommends", "postgresql-common"], cancellationToken);
            await File.AppendAllTextAsync(
                CreateClusterConfiguration, "\ncreate_main_cluster = false\n", cancellationToken);
        }

        await AptAsync(["install", "-y", "--no-install-recommends", .. packages], cancellationToken);
    }

    private static Task<string> AptAsync(string[] arguments, CancellationToken cancellationToken) =>
        Programs.RequireAsync("env", ["DEBIAN_FRONTEND=noninteractive", "apt-get", .. arguments], cancellationToken);
}
