using OrleansOrchestrator.NodeAgent.Pods;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Pods;

/// <summary>What containers do not see of the machine.</summary>
public sealed class ContainerConfigBuilderTests
{
    [Fact]
    public void How_hot_the_cpus_are_is_hidden_where_the_machine_tells_it()
    {
        var cpus = Directory.CreateTempSubdirectory("orc-cpus-");
        try
        {
            cpus.CreateSubdirectory("cpu1/thermal_throttle");
            cpus.CreateSubdirectory("cpu0/thermal_throttle");
            cpus.CreateSubdirectory("cpu2/topology");
            cpus.CreateSubdirectory("cpufreq");

            Assert.Equal(
                [$"{cpus.FullName}/cpu0/thermal_throttle", $"{cpus.FullName}/cpu1/thermal_throttle"],
                ContainerConfigBuilder.ThermalThrottles(cpus.FullName));
            Assert.Empty(ContainerConfigBuilder.ThermalThrottles($"{cpus.FullName}/cpu2"));
            Assert.Empty(ContainerConfigBuilder.ThermalThrottles($"{cpus.FullName}/none"));
        }
        finally
        {
            cpus.Delete(recursive: true);
        }
    }
}
