using System.Text;
using OrleansOrchestrator.Grains.Core.Pods;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Core.Pods;

public sealed class ConfinedNodeTests
{
    [Theory]
    [InlineData("", null)]
    [InlineData("""{"matchFields":[]}""", null)]
    [InlineData("""{"matchExpressions":[{"key":"metadata.name","operator":"In","values":["n1"]}]}""", null)]
    [InlineData("""{"matchFields":[{"key":"metadata.name","operator":"NotIn","values":["n1"]}]}""", null)]
    [InlineData("""{"matchFields":[{"key":"metadata.name","operator":"In","values":["n1","n2"]}]}""", null)]
    [InlineData("""{"matchFields":[{"key":"metadata.name","operator":"In","values":["n1"]}]}""", "n1")]
    [InlineData(
        """{"matchFields":null},{"matchFields":[{"key":"metadata.name","operator":"In","values":["n2"]}]}""", "n2")]
    public void The_first_requirement_that_names_one_node_confines(string terms, string? node) => Assert.Equal(
        node,
        Of("""
            {"metadata":{"name":"a"},"spec":{"containers":[{"name":"affinity"}],"affinity":{"podAffinity":{},
            "nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[TERMS]}}}}}
            """.Replace("TERMS", terms, StringComparison.Ordinal)));

    [Theory]
    [InlineData("""{"metadata":{"name":"a"}}""")]
    [InlineData("""{"spec":null}""")]
    [InlineData("""{"spec":{"affinity":{"nodeAffinity":null}}}""")]
    [InlineData(
        """
        {"spec":{"affinity":{"nodeAffinity":{"preferredDuringSchedulingIgnoredDuringExecution":[{"weight":1,
        "preference":{"matchFields":[{"key":"metadata.name","operator":"In","values":["n1"]}]}}]}}}}
        """)]
    public void A_pod_without_requirements_is_free(string pod) => Assert.Null(Of(pod));

    private static string? Of(string pod) => ConfinedNode.Of(Encoding.UTF8.GetBytes(pod));
}
