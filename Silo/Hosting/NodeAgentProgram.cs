namespace OrleansOrchestrator.Silo.Hosting;

/// <summary>The node agent's executable, and its verbs that work without the agent running.</summary>
public static class NodeAgentProgram
{
    // Both programs are built from one tree: Silo/bin/CONFIGURATION/FRAMEWORK and
    // NodeAgent/bin/CONFIGURATION/FRAMEWORK.
    public static string Path
    {
        get
        {
            var framework = new DirectoryInfo(AppContext.BaseDirectory.TrimEnd('/'));
            var configuration = framework.Parent!;
            var root = configuration.Parent!.Parent!.Parent!;
            var path = System.IO.Path.Combine(
                root.FullName, "NodeAgent", "bin", configuration.Name, framework.Name, "OrleansOrchestrator.NodeAgent");
            return File.Exists(path)
                ? path
                : throw new UserErrorException($"The node agent is not built: {path} is missing.");
        }
    }

    /// <summary>Where the node of a data directory keeps what is its own, and what it calls that.</summary>
    public static string[] Place(DataDirectory directory, MachineShare share) =>
    [
        "--data-dir", directory.Node,
        "--network-name", share.Name,
        "--bridge-name", share.Bridge,
        "--cgroup-root", $"/{share.Name}",
        "--pod-logs-dir",
        share.Name == MachineShare.FirstName ? "/var/log/pods" : System.IO.Path.Combine(directory.Logs, "pods"),
    ];

    /// <summary>
    /// Runs a verb on the node of a data directory; it must succeed. What it says when it fails is a sentence for
    /// users.
    /// </summary>
    public static async Task<string> RequireAsync(
        DataDirectory directory, MachineShare share, string[] arguments, CancellationToken cancellationToken)
    {
        var (exitCode, output) = await Programs.RunAsync(
            Path, [.. arguments, .. Place(directory, share)], cancellationToken);
        return exitCode == 0 ? output : throw new UserErrorException(
            output.Length > 0 ? output : $"The node agent's {arguments[0]} failed with exit code {exitCode}.");
    }
}
