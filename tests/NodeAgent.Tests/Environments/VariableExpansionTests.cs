using CsCheck;
using k8s.Models;
using OrleansOrchestrator.NodeAgent.Environments;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Environments;

public sealed class VariableExpansionTests
{
    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("$(A)", "1")]
    [InlineData("$(A)$(B)", "12")]
    [InlineData("x$(A)y", "x1y")]
    [InlineData("$$(A)", "$(A)")]
    [InlineData("$$$(A)", "$1")]
    [InlineData("$$$$(A)", "$$(A)")]
    [InlineData("$(NO)", "$(NO)")]
    [InlineData("$(A", "$(A")]
    [InlineData("$", "$")]
    [InlineData("$A", "$A")]
    [InlineData("$(A)$", "1$")]
    [InlineData("$()", "$()")]
    [InlineData("$($(A))", "$($(A))")]
    public void References_expand_as_upstream_does(string input, string expected) =>
        Assert.Equal(expected, VariableExpansion.Expand(input, n => n switch { "A" => "1", "B" => "2", _ => null }));

    [Fact]
    public void Text_without_dollars_never_changes_and_nothing_throws() =>
        Gen.String.Check(text =>
        {
            var expanded = VariableExpansion.Expand(text, _ => null);
            Assert.True(text.Contains('$', StringComparison.Ordinal) || expanded == text);
        });

    [Fact]
    public void Services_become_variables()
    {
        var service = new V1Service
        {
            Metadata = new V1ObjectMeta { Name = "my-db", NamespaceProperty = "shop" },
            Spec = new V1ServiceSpec { ClusterIP = "10.0.0.9", Ports = [new V1ServicePort { Name = "sql", Port = 5432, Protocol = "TCP" }] },
        };

        var variables = ServiceVariables.Compute([service], "shop", enableServiceLinks: true);

        Assert.Equal("10.0.0.9", variables["MY_DB_SERVICE_HOST"]);
        Assert.Equal("5432", variables["MY_DB_SERVICE_PORT"]);
        Assert.Equal("5432", variables["MY_DB_SERVICE_PORT_SQL"]);
        Assert.Equal("tcp://10.0.0.9:5432", variables["MY_DB_PORT"]);
        Assert.Equal("10.0.0.9", variables["MY_DB_PORT_5432_TCP_ADDR"]);
        Assert.Equal(8, variables.Count);
        Assert.Empty(ServiceVariables.Compute([service], "shop", enableServiceLinks: false));
        Assert.Empty(ServiceVariables.Compute([service], "other", enableServiceLinks: true));
    }
}
