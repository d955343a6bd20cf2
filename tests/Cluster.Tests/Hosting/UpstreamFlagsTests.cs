using OrleansOrchestrator.Silo.Commands;
using Xunit;

namespace OrleansOrchestrator.Cluster.Tests.Hosting;

/// <summary>Flags of kube-apiserver that are none here.</summary>
public sealed class UpstreamFlagsTests
{
    [Fact]
    public void None_is_an_option_of_a_silo()
    {
        var options = OrcCommandLine.CreateRoot().Subcommands.Single(static c => c.Name == "silo").Options
            .Select(static o => o.Name.TrimStart('-')).ToHashSet(StringComparer.Ordinal);

        Assert.DoesNotContain(UpstreamFlags.Names, options.Contains);
    }

    [Theory]
    [InlineData("--etcd-servers=http://x", "--etcd-servers of kube-apiserver is no option of orc's: the store is ")]
    [InlineData("--v", "--v of kube-apiserver is no option of orc's: what is logged is not a matter of levels.")]
    [InlineData("-v", "-v of kube-apiserver is no option of orc's: what is logged is not a matter of levels.")]
    [InlineData("--peer-ca-file=x", "--peer-ca-file of kube-apiserver is no option of orc's: silos do not ")]
    [InlineData("--none-such", null)]
    [InlineData("etcd-servers", null)]
    [InlineData("", null)]
    public void Who_gives_one_is_told_what_there_is_instead(string token, string? expected)
    {
        var told = UpstreamFlags.Explain(token);

        Assert.Equal(expected is null, told is null);
        Assert.StartsWith(expected ?? "", told ?? "", StringComparison.Ordinal);
    }
}
