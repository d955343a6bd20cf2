using OrleansOrchestrator.NodeAgent.Volumes;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Volumes;

public sealed class TmpfsTests
{
    private const string Machine = "         0          0 4294967295\n";

    [Theory]
    [InlineData("6.4", Machine, "noswap")]
    [InlineData("6.18.44.0", Machine, "noswap")]
    [InlineData("6.3.99", Machine, "")]
    [InlineData("5.10", Machine, "")]
    [InlineData("6.18", "         0     100000      65536\n", "")]
    [InlineData("6.18", "0 0 1\n1 100000 65536\n", "")]
    public void Secrets_are_kept_out_of_the_swap_where_the_kernel_can(string kernel, string users, string option) =>
        Assert.Equal(option, Tmpfs.OptionOf(Version.Parse(kernel), users));
}
