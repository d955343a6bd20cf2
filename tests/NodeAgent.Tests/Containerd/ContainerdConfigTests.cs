using System.Text.Json.Nodes;
using OrleansOrchestrator.NodeAgent.Containerd;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Containerd;

public sealed class ContainerdConfigTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("orc-config-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory]
    [InlineData("10.244.3.0/24")]
    [InlineData("10.244.3.0/24,fd00:10:244:3::/64")]
    public void Pods_get_an_address_of_each_network(string networks)
    {
        var config = Config(networks);
        config.Write(restrictOomScore: false);
        var file = Assert.Single(Directory.GetFiles(config.CniConfigDirectory));
        var bridge = JsonNode.Parse(File.ReadAllText(file))!["plugins"]![0]!;
        Assert.Equal(
            networks.Split(',').Select(static n => $$"""[{"subnet":"{{n}}"}]"""),
            bridge["ipam"]!["ranges"]!.AsArray().Select(static r => r!.ToJsonString()));
        Assert.Equal(networks.Split(','), config.PodCidrs);
    }

    [Fact]
    public void What_the_cluster_gives_takes_the_place_of_what_was_and_the_same_is_no_change()
    {
        var config = Config("");
        config.Write(restrictOomScore: false);
        Assert.Empty(config.PodCidrs);
        Assert.True(config.WriteNetwork(["10.244.3.0/24"]));
        Assert.True(config.WriteNetwork(["10.244.3.0/24", "fd00:10:244:3::/64"]));
        Assert.False(config.WriteNetwork(["10.244.3.0/24", "fd00:10:244:3::/64"]));
        Assert.Equal(["10.244.3.0/24", "fd00:10:244:3::/64"], config.PodCidrs);
    }

    /// <summary>Version 1.7 knows CDI, and does nothing with it unless it is told to.</summary>
    [Fact]
    public void Containers_get_the_devices_that_plugins_name_by_CDI()
    {
        var config = Config("");
        config.Write(restrictOomScore: false);
        Assert.Contains(
            "  enable_cdi = true\n  cdi_spec_dirs = [\"/etc/cdi\", \"/var/run/cdi\"]\n",
            File.ReadAllText(config.ConfigPath), StringComparison.Ordinal);
    }

    private ContainerdConfig Config(string networks) =>
        new(new NodeAgentOptions { NodeName = "n", DataDirectory = _directory, PodCidr = networks });
}
