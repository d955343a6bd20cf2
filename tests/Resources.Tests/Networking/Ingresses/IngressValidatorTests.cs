using OrleansOrchestrator.Resources.Tests.Kernel;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.Networking.Ingresses;

public sealed class IngressValidatorTests
{
    private const string ABackend = "\"backend\":{\"resource\":{\"kind\":\"K\",\"name\":\"n\"}}}]}}]}";

    [Theory]
    [InlineData("{}", "spec: Invalid value: null: either `defaultBackend` or `rules` must be specified")]
    [InlineData("""{"rules":[]}""", "spec: Invalid value: []: either `defaultBackend` or `rules` must be specified")]
    [InlineData(
        """{"defaultBackend":{}}""",
        """spec.defaultBackend: Invalid value: "": resource or service backend is required""")]
    [InlineData(
        """{"defaultBackend":{"service":{"name":"s","port":{}}}}""",
        "spec.defaultBackend: Required value: port name or number is required")]
    [InlineData(
        """{"defaultBackend":{"service":{"name":"s","port":{"name":"a","number":1}}}}""",
        """spec.defaultBackend: Invalid value: "": cannot set both port name & port number""")]
    [InlineData(
        """{"defaultBackend":{"service":{"name":"s","port":{"number":70000}}}}""",
        "spec.defaultBackend.service.port.number: Invalid value: 70000: must be between 1 and 65535, inclusive")]
    [InlineData(
        """{"rules":[{"host":"10.0.0.1"}]}""",
        """spec.rules[0].host: Invalid value: "10.0.0.1": must be a DNS name, not an IP address""")]
    [InlineData("""{"rules":[{"http":{"paths":[]}}]}""", "spec.rules[0].http.paths: Required value")]
    [InlineData(
        """{"rules":[{"http":{"paths":[{"path":"/","backend":{"resource":{"kind":"K","name":"n"}}}]}}]}""",
        "spec.rules[0].http.paths[0].pathType: Required value: pathType must be specified")]
    [InlineData(
        """{"rules":[{"http":{"paths":[{"path":"/a/..","pathType":"Exact",""" + ABackend,
        """spec.rules[0].http.paths[0].path: Invalid value: "/a/..": cannot end with '/..'""")]
    [InlineData(
        """{"rules":[{"http":{"paths":[{"path":"a","pathType":"X",""" + ABackend,
        "spec.rules[0].http.paths[0].pathType: Unsupported value: \"X\": supported values: \"Exact\", " +
            "\"ImplementationSpecific\", \"Prefix\"")]
    public void ASpecIsFaulted(string spec, string finding) =>
        Assert.Equal([finding], StrategyProbe.Create("Ingress", $$"""{"spec":{{spec}}}"""));

    [Theory]
    [InlineData("*.example.com", true)]
    [InlineData("*", false)]
    [InlineData("*.*.example.com", false)]
    [InlineData("f*.example.com", false)]
    public void AWildcardStandsForTheFirstLabel(string host, bool isGood) =>
        Assert.Equal(
            isGood,
            StrategyProbe.Create("Ingress", "{\"spec\":{\"rules\":[{\"host\":\"" + host + "\"}]}}").Count == 0);

    [Fact]
    public void ABadSecretNameThatIsThereMayStay()
    {
        const string Bad = """{"spec":{"rules":[{"host":"a"}],"tls":[{"secretName":"A_"}]}}""";
        Assert.Single(StrategyProbe.Create("Ingress", Bad));
        Assert.Empty(StrategyProbe.Update("Ingress", Bad, Bad));
    }
}
