using OrleansOrchestrator.NodeAgent.Images;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Images;

/// <summary>Where the node's own credentials may lie, and which of several files counts.</summary>
public sealed class NodeDockerConfigurationTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("orc-docker-").FullName;

    private string Root => Directory.CreateDirectory(Path.Combine(_directory, "root")).FullName;

    private string Home => Directory.CreateDirectory(Path.Combine(_directory, "home")).FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void The_first_file_that_can_be_read_counts()
    {
        var node = new NodeDockerConfiguration(Root, Home);
        Assert.Empty(node.For("r.io/a:1"));

        File.WriteAllText(Path.Combine(Home, ".dockercfg"), """{"r.io":{"username":"old","password":"p"}}""");
        Assert.Equal("old", User(node));
        Directory.CreateDirectory(Path.Combine(Home, ".docker"));
        File.WriteAllText(
            Path.Combine(Home, ".docker", "config.json"), """{"auths":{"r.io":{"username":"home","password":"p"}}}""");
        Assert.Equal("home", User(node));
        File.WriteAllText(Path.Combine(Root, "config.json"), "no json");
        Assert.Equal("home", User(node));
        File.WriteAllText(Path.Combine(Root, "config.json"), """{"auths":{"r.io":{"auth":"cm9vdDpw"}}}""");
        Assert.Equal("root", User(node));
        Assert.Empty(node.For("elsewhere.io/a"));
    }

    private static string User(NodeDockerConfiguration node)
    {
        var found = Assert.Single(node.For("r.io/a:1"));
        Assert.Null(found.Source);
        return found.Auth.Username;
    }
}
