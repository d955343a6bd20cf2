using Xunit;

namespace OrleansOrchestrator.Golden;

/// <summary>A namespace gets as many devices as its ResourceQuota lets it, by whatever name it bounds them.</summary>
public sealed class DeviceQuotaAnswersTests
{
    private const string Space = "/api/v1/namespaces/default";
    private const string Claims = "/apis/resource.k8s.io/v1/namespaces/default/resourceclaims";

    [Theory]
    [InlineData("count/resourceclaims.resource.k8s.io", 1)]
    [InlineData("gpu.deviceclass.resource.k8s.io/devices", 2)]
    [InlineData("requests.example.com/gpu", 2)]
    [InlineData("requests.deviceclass.resource.kubernetes.io/gpu", 2)]
    public async Task ASecondClaimIsRefused(string bounded, int each)
    {
        await using var server = await Server.StartAsync();
        await server.MakeAsync("/apis/resource.k8s.io/v1/deviceclasses", """
            {"metadata":{"name":"gpu"},"spec":{"extendedResourceName":"example.com/gpu"}}
            """);
        await server.MakeAsync(
            $"{Space}/resourcequotas",
            $$"""{"metadata":{"name":"q"},"spec":{"hard":{"{{bounded}}":"{{each}}"} } }""");
        var counted = await server.SendAsync(
            "PATCH", $"{Space}/resourcequotas/q/status",
            $$"""{"status":{"hard":{"{{bounded}}":"{{each}}"},"used":{"{{bounded}}":"0"} } }""",
            "application/merge-patch+json");
        Assert.True(counted.Status == 200, counted.Body.ToJsonString());

        await server.MakeAsync(Claims, Claim("first"));
        var refused = await server.SendAsync("POST", Claims, Claim("second"));

        Assert.Equal(403, refused.Status);
        Assert.Equal(
            $"resourceclaims.resource.k8s.io \"second\" is forbidden: exceeded quota: q, requested: {bounded}={each}, "
                + $"used: {bounded}={each}, limited: {bounded}={each}",
            (string)refused.Body["message"]!);
    }

    private static string Claim(string name) => $$$"""
        {"metadata":{"name":"{{{name}}}"},"spec":{"devices":{"requests":[
        {"name":"a","exactly":{"deviceClassName":"gpu","allocationMode":"ExactCount","count":2}}] } } }
        """;
}
