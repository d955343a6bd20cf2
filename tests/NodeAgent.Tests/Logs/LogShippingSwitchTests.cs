using Microsoft.Extensions.DependencyInjection;
using OrleansOrchestrator.Logs.Shipping;
using OrleansOrchestrator.NodeAgent.Logs.Shipping;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Logs;

public sealed class LogShippingSwitchTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void An_agent_has_the_parts_that_send_logs_where_it_is_to(bool sends)
    {
        var services = new ServiceCollection().AddNodeAgent(
            new NodeAgentOptions { NodeName = "n1", SendsLogs = sends });
        foreach (var part in (Type[])[typeof(LogShipper), typeof(ILogSink)])
        {
            Assert.Equal(sends, services.Any(s => s.ServiceType == part));
        }
    }
}
