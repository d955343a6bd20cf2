using Microsoft.Extensions.Logging.Abstractions;
using OrleansOrchestrator.NodeAgent.Logs;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Logs;

/// <summary>A node that is taken away for good takes its pods' logs with it, and those of nobody else.</summary>
public sealed class PodLogDirectoriesTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("orc-pod-logs-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void Only_logs_of_the_nodes_own_pods_go_with_it()
    {
        var (own, other) = (Options("own"), Options("other"));
        Log(own, "shop_web_1", "web_shop_c-1");
        Log(own, "shop_web_2", "web_shop_c-2");
        Log(other, "shop_web_3", "web_shop_c-3");
        Directory.CreateDirectory(Path.Combine(own.PodLogsDirectory, "kube-system_somebodys_4", "c"));
        File.WriteAllText(Path.Combine(own.PodLogsDirectory, "position.db"), "");
        File.CreateSymbolicLink(
            Path.Combine(own.ContainerLogsDirectory, "somebodys.log"),
            Path.Combine(own.PodLogsDirectory, "kube-system_somebodys_4", "c", "0.log"));

        NodeCleaner.RemoveLogs(own);

        Assert.Equal(["kube-system_somebodys_4", "position.db", "shop_web_3"], Names(own.PodLogsDirectory));
        Assert.Equal(["somebodys.log", "web_shop_c-3.log"], Names(own.ContainerLogsDirectory));
        NodeCleaner.RemoveLogs(own);
        NodeCleaner.RemoveLogs(other);
        Assert.Equal(["kube-system_somebodys_4", "position.db"], Names(own.PodLogsDirectory));
    }

    [Fact]
    public void Logs_of_a_pod_that_is_gone_are_removed_once()
    {
        var own = Options("own");
        Log(own, "shop_web_1", "web_shop_c-1");
        Directories(own).Remove("shop_web_1");
        Directory.CreateDirectory(Path.Combine(own.PodLogsDirectory, "shop_web_1"));

        NodeCleaner.RemoveLogs(own);

        Assert.Equal(["shop_web_1"], Names(own.PodLogsDirectory));
        Assert.Empty(Names(own.ContainerLogsDirectory));
    }

    [Fact]
    public void Nothing_is_removed_through_a_link_that_stands_for_a_pods_logs()
    {
        var (own, precious) = (Options("own"), Path.Combine(_root, "precious"));
        Directories(own).Make("shop_web_1");
        Directory.Delete(Path.Combine(own.PodLogsDirectory, "shop_web_1"));
        Directory.CreateDirectory(precious);
        File.WriteAllText(Path.Combine(precious, "file"), "");
        File.CreateSymbolicLink(Path.Combine(own.PodLogsDirectory, "shop_web_1"), precious);

        NodeCleaner.RemoveLogs(own);

        Assert.Empty(Names(own.PodLogsDirectory));
        Assert.Equal(["file"], Names(precious));
    }

    private static void Log(NodeAgentOptions options, string pod, string link)
    {
        Directories(options).Make(pod);
        var directory = Directory.CreateDirectory(Path.Combine(options.PodLogsDirectory, pod, "c")).FullName;
        var log = Path.Combine(directory, "0.log");
        File.WriteAllText(log, "a line");
        var parts = link.Split('_', '-');
        Links(options).Add(parts[0], parts[1], parts[2], parts[3], log);
    }

    private static PodLogDirectories Directories(NodeAgentOptions options) => new(options, Links(options));

    private static ContainerLogLinks Links(NodeAgentOptions options) =>
        new(options, NullLogger<ContainerLogLinks>.Instance);

    private static IEnumerable<string> Names(string directory) =>
        Directory.EnumerateFileSystemEntries(directory).Select(static p => Path.GetFileName(p))
            .Order(StringComparer.Ordinal);

    private NodeAgentOptions Options(string name) => new()
    {
        NodeName = name,
        DataDirectory = Path.Combine(_root, name),
        PodLogsDirectory = Path.Combine(_root, "log", "pods"),
    };
}
