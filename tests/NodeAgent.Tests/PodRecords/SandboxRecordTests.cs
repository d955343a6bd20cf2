using OrleansOrchestrator.NodeAgent.Cri.V1;
using OrleansOrchestrator.NodeAgent.Nftables;
using OrleansOrchestrator.NodeAgent.PodRecords;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.PodRecords;

public sealed class SandboxRecordTests
{
    /// <summary>The runtime tells IPv4 first, whatever comes first in the cluster.</summary>
    [Theory]
    [InlineData("10.0.0.1", "10.244.0.0/16", "10.0.0.1")]
    [InlineData("fd00::1", "fd00::/56", "fd00::1")]
    [InlineData("10.0.0.1 fd00::1", "10.244.0.0/16,fd00::/56", "10.0.0.1 fd00::1")]
    [InlineData("10.0.0.1 fd00::1", "fd00::/56,10.244.0.0/16", "fd00::1 10.0.0.1")]
    [InlineData("10.0.0.1 10.0.0.2 fd00::1 fd00::2", "fd00::/56,10.244.0.0/16", "fd00::1 10.0.0.1")]
    [InlineData("", "10.244.0.0/16", "")]
    public void A_pod_has_an_address_of_each_family_the_primary_first(string told, string cidrs, string expected)
    {
        var ips = told.Split(' ');
        var network = new PodSandboxNetworkStatus { Ip = ips[0] };
        network.AdditionalIps.AddRange(ips.Skip(1).Select(static ip => new PodIP { Ip = ip }));
        var options = new NodeAgentOptions { NodeName = "n", ClusterCidr = cidrs };

        var record = SandboxRecord.From(
            new PodSandboxStatus { Metadata = new PodSandboxMetadata(), Network = network }, options.Families);

        Assert.Equal(expected, string.Join(' ', record.Ips));
    }
}
