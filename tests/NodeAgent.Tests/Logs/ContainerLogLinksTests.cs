using Microsoft.Extensions.Logging.Abstractions;
using OrleansOrchestrator.NodeAgent.Logs;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Logs;

/// <summary>Links to logs of containers come and go with the logs, and nothing else of the directory does.</summary>
public sealed class ContainerLogLinksTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("orc-links-").FullName;
    private readonly NodeAgentOptions _options;
    private readonly ContainerLogLinks _links;

    public ContainerLogLinksTests()
    {
        _options = new NodeAgentOptions { NodeName = "n", PodLogsDirectory = Path.Combine(_root, "pods") };
        _links = new ContainerLogLinks(_options, NullLogger<ContainerLogLinks>.Instance);
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void A_link_has_the_name_that_collectors_know_and_leads_to_the_log()
    {
        var log = Log("shop_web_1", "server", 0, "first line");
        _links.Add("web", "shop", "server", "abc123", log);
        var link = Path.Combine(_root, "containers", "web_shop_server-abc123.log");
        Assert.Equal(log, new FileInfo(link).LinkTarget);
        Assert.Equal("first line", File.ReadAllText(link));
    }

    [Fact]
    public void A_name_above_what_a_file_system_takes_is_cut()
    {
        var name = ContainerLogLinks.NameOf(new string('p', 200), new string('n', 63), "c", new string('1', 64));
        Assert.Equal($"{new string('p', 200)}_{new string('n', 50)}.log", name);
        Assert.Equal("p_n_c-1.log", ContainerLogLinks.NameOf("p", "n", "c", "1"));
        var log = Log("n_p_1", "c", 0);
        _links.Add(new string('p', 200), new string('n', 63), "c", new string('1', 64), log);
        Assert.Equal([name], Names());
    }

    [Fact]
    public void Without_a_log_there_is_no_link()
    {
        _links.Add("web", "shop", "server", "abc", Path.Combine(_options.PodLogsDirectory, "none", "c", "0.log"));
        _links.Remove("anything");
        _links.RemoveDead();
        Assert.False(Directory.Exists(_options.ContainerLogsDirectory));
    }

    [Fact]
    public void A_link_is_made_anew_where_one_of_its_name_leads_elsewhere()
    {
        var (old, log) = (Log("n_p_1", "c", 0, "old"), Log("n_p_1", "c", 1, "new"));
        _links.Add("p", "n", "c", "1", old);
        _links.Add("p", "n", "c", "1", log);
        Assert.Equal("new", File.ReadAllText(Path.Combine(_options.ContainerLogsDirectory, "p_n_c-1.log")));
    }

    [Fact]
    public void Links_go_with_their_log_or_with_the_logs_of_their_pod()
    {
        _links.Add("p", "n", "c", "1", Log("n_p_1", "c", 0));
        _links.Add("p", "n", "c", "2", Log("n_p_1", "c", 1));
        _links.Add("p", "n", "d", "3", Log("n_p_1", "d", 0));
        _links.Add("p", "n", "c", "4", Log("n_p_12", "c", 0));
        _links.Remove(Path.Combine(_options.PodLogsDirectory, "n_p_1", "c", "0.log"));
        Assert.Equal(["p_n_c-2.log", "p_n_c-4.log", "p_n_d-3.log"], Names());
        _links.Remove(Path.Combine(_options.PodLogsDirectory, "n_p_1"));
        Assert.Equal(["p_n_c-4.log"], Names());
    }

    [Fact]
    public void Dead_links_are_swept_and_what_is_none_of_ours_stays()
    {
        var log = Log("n_p_1", "c", 0);
        _links.Add("p", "n", "c", "1", log);
        _links.Add("q", "n", "c", "2", Log("n_q_2", "c", 0));
        var (file, other) = (Path.Combine(_options.ContainerLogsDirectory, "notes.log"), "position.db");
        File.WriteAllText(file, "mine");
        File.CreateSymbolicLink(Path.Combine(_options.ContainerLogsDirectory, other), "/nowhere");
        File.Delete(log);
        _links.RemoveDead();
        Assert.Equal(["notes.log", other, "q_n_c-2.log"], Names());
    }

    private IEnumerable<string> Names() => Directory.EnumerateFileSystemEntries(_options.ContainerLogsDirectory)
        .Select(static p => Path.GetFileName(p)).Order(StringComparer.Ordinal);

    private string Log(string pod, string container, int restart, string content = "")
    {
        var directory = Directory.CreateDirectory(Path.Combine(_options.PodLogsDirectory, pod, container)).FullName;
        var path = Path.Combine(directory, $"{restart}.log");
        File.WriteAllText(path, content);
        return path;
    }
}
