using Xunit;

namespace OrleansOrchestrator.Resources.Tests.Kernel;

public sealed class WebhookRulesTests
{
    [Fact]
    public void AServiceHasANameAndASpace() => Assert.Equal(
        [
            "webhooks[0].clientConfig.service.name: Required value",
            "webhooks[0].clientConfig.service.namespace: Required value",
        ],
        StrategyProbe.Create(
            "ValidatingWebhookConfiguration",
            "{\"metadata\":{\"name\":\"a\"},\"webhooks\":[{\"name\":\"a.example.com\",\"sideEffects\":\"None\"," +
                "\"admissionReviewVersions\":[\"v1\"],\"clientConfig\":{\"service\":{}}}]}"));
}
