using OrleansOrchestrator.Resources.Tests.Kernel;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.Storage.CsiDrivers;

public sealed class CsiDriverStrategyTests
{
    [Fact]
    public void FindingsComeInTheOrderOfUpstream() => Assert.Equal(
        [
            "spec.fsGroupPolicy: Unsupported value: \"X\": supported values: \"File\", \"None\", " +
            "\"ReadWriteOnceWithFSType\"",
            "spec.volumeLifecycleModes: Unsupported value: \"Y\": supported values: \"Persistent\", \"Ephemeral\"",
            "spec.nodeAllocatableUpdatePeriodSeconds: Invalid value: 9: must be greater than or equal to 10 seconds",
            "spec.serviceAccountTokenInSecrets: Invalid value: true: serviceAccountTokenInSecrets is set but no " +
            "tokenRequests are specified",
        ],
        StrategyProbe.Create(
            "CSIDriver",
            """
            {"spec":{"fsGroupPolicy":"X","volumeLifecycleModes":["Y"],"nodeAllocatableUpdatePeriodSeconds":9,
                "serviceAccountTokenInSecrets":true}}
            """));
}
