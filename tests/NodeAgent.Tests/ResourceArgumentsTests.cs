using System.CommandLine;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests;

/// <summary>What a command line says of the node's resources.</summary>
public sealed class ResourceArgumentsTests
{
    [Theory]
    [InlineData("", -1)]
    [InlineData("--pod-max-pids -1", -1)]
    [InlineData("--pod-max-pids=0", 0)]
    [InlineData("--pod-max-pids 4096", 4096)]
    public void How_many_processes_a_pod_may_have_is_an_option(string arguments, long expected)
    {
        var root = new RootCommand();
        foreach (var option in ResourceArguments.All)
        {
            root.Options.Add(option);
        }

        var result = root.Parse(arguments);

        Assert.Empty(result.Errors);
        Assert.Equal(expected, ResourceArguments.Read(result).PodPidsLimit);
    }
}
