using OrleansOrchestrator.Resources.Tests.Kernel;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.Networking.NetworkPolicies;

public sealed class NetworkPolicyValidatorTests
{
    [Theory]
    [InlineData("""{"ingress":[{"from":[{}]}]}""", "spec.ingress[0].from[0]: Required value: must specify a peer")]
    [InlineData(
        """{"egress":[{"to":[{"podSelector":{},"ipBlock":{"cidr":"10.0.0.0/8"}}]}]}""",
        "spec.egress[0].to[0]: Forbidden: may not specify both ipBlock and another peer")]
    [InlineData(
        """{"ingress":[{"from":[{"ipBlock":{"cidr":"10.0.0.0/8","except":["10.0.0.0/8"]}}]}]}""",
        """spec.ingress[0].from[0].ipBlock.except[0]: Invalid value: "10.0.0.0/8": must be a strict subset of `cidr`""")]
    [InlineData(
        """{"ingress":[{"from":[{"ipBlock":{"cidr":"10.0.0.0/8","except":["11.0.0.0/9"]}}]}]}""",
        """spec.ingress[0].from[0].ipBlock.except[0]: Invalid value: "11.0.0.0/9": must be a strict subset of `cidr`""")]
    [InlineData(
        """{"ingress":[{"ports":[{"port":10,"endPort":9}]}]}""",
        "spec.ingress[0].ports[0].endPort: Invalid value: 9: must be greater than or equal to `port`")]
    [InlineData(
        """{"ingress":[{"ports":[{"port":"http","endPort":9}]}]}""",
        "spec.ingress[0].ports[0].endPort: Invalid value: 9: may not be specified when `port` is non-numeric")]
    [InlineData(
        """{"ingress":[{"ports":[{"endPort":9}]}]}""",
        "spec.ingress[0].ports[0].endPort: Invalid value: 9: may not be specified when `port` is not specified")]
    [InlineData(
        """{"policyTypes":["Ingress","Egress","Ingress"]}""",
        """spec.policyTypes: Invalid value: ["Ingress","Egress","Ingress"]: may not specify more than two policyTypes""")]
    public void ASpecIsFaulted(string spec, string finding) =>
        Assert.Equal([finding], StrategyProbe.Create("NetworkPolicy", $$"""{"spec":{{spec}}}"""));

    [Fact]
    public void ABadSelectorThatIsThereMayStay()
    {
        const string Bad = """
            {"spec":{"podSelector":{"matchExpressions":[{"key":"a","operator":"In","values":["b c"]}]}}}
            """;
        Assert.Single(StrategyProbe.Create("NetworkPolicy", Bad));
        Assert.Empty(StrategyProbe.Update("NetworkPolicy", Bad, Bad));
    }
}
