using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests;

public sealed class KubeletRootTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("orc-root-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void Drivers_are_told_the_path_that_they_know_where_it_leads_to_the_nodes_files()
    {
        var data = Directory.CreateDirectory(Path.Combine(_root, "data")).FullName;
        var standard = Path.Combine(_root, "kubelet");
        Assert.Equal(data, KubeletRoot.Of("", data, standard));

        File.CreateSymbolicLink(standard, data);
        Assert.Equal(standard, KubeletRoot.Of("", data, standard));
        Assert.Equal(_root, KubeletRoot.Of(_root, data, standard));

        var options = new NodeAgentOptions { NodeName = "n", DataDirectory = data, RootDirectory = standard };
        Assert.Equal($"{standard}/pods", options.PodsDirectory);
        Assert.Equal($"{standard}/plugins_registry", options.PluginsRegistryDirectory);
        Assert.Equal($"{data}/pods", (options with { RootDirectory = "" }).PodsDirectory);
    }
}
