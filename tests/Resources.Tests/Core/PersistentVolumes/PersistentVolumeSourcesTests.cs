using OrleansOrchestrator.Resources.Tests.Kernel;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.Core.PersistentVolumes;

/// <summary>What volumes on their own are told of their sources, where pods are told otherwise.</summary>
public sealed class PersistentVolumeSourcesTests
{
    private const string Portal = "\"targetPortal\":\"10.0.0.1:3260\"";

    [Fact]
    public void TheNamespaceOfEndpointsIsNotEmpty() => Assert.Equal(
        "spec.glusterfs.endpointsNamespace: Invalid value: \"\": if the endpointnamespace is set, it must be a valid " +
        "namespace name",
        Create("\"glusterfs\":{\"endpoints\":\"e\",\"path\":\"p\",\"endpointsNamespace\":\"\"}")[0]);

    [Fact]
    public void NamesOfTargetsAreOfOneForm() => Assert.Equal(
        ["spec.iscsi.iqn: Invalid value: \"abc\": must be valid format"],
        Create($"\"iscsi\":{{{Portal},\"iqn\":\"abc\",\"lun\":0}}"));

    [Fact]
    public void TheSecretIsLookedAtBeforeTheInitiator() => Assert.Equal(
        [
            "spec.iscsi.secretRef.name: Required value",
            "spec.iscsi.initiatorname: Invalid value: \"abc\": must be valid format",
        ],
        Create(
            $"\"iscsi\":{{{Portal},\"iqn\":\"iqn.2001-04.com.example:storage\",\"lun\":0,\"initiatorName\":\"abc\"," +
            "\"chapAuthSession\":true,\"secretRef\":{\"namespace\":\"n\"}}"));

    [Fact]
    public void ThePortalIsMissedFirst() => Assert.Equal(
        ["spec.iscsi.targetPortal: Required value", "spec.iscsi.iqn: Required value"],
        Create("\"iscsi\":{\"lun\":0}"));

    private static IReadOnlyList<string> Create(string source) => StrategyProbe.Create(
        "PersistentVolume",
        $"{{\"spec\":{{\"accessModes\":[\"ReadWriteOnce\"],\"capacity\":{{\"storage\":\"1Gi\"}},{source}}}}}");
}
