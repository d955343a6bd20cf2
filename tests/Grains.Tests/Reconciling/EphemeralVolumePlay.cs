using k8s.Models;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Reconciling;

/// <summary>A pod gets the claims of its ephemeral volumes; one is deleted under it, and is made again.</summary>
internal sealed class EphemeralVolumePlay : CrashPlay
{
    protected override int Acts => 2;

    /// <summary>Volumes of a pod that each have a claim of their own.</summary>
    public static V1Volume[] Volumes(params string[] names) =>
    [
        .. names.Select(n => new V1Volume
        {
            Name = n,
            Ephemeral = new V1EphemeralVolumeSource
            {
                VolumeClaimTemplate = new V1PersistentVolumeClaimTemplate
                {
                    Metadata = new V1ObjectMeta { Labels = new Dictionary<string, string> { ["of"] = n } },
                    Spec = new V1PersistentVolumeClaimSpec { AccessModes = ["ReadWriteOnce"] },
                },
            },
        }),
    ];

    protected override void SetUp()
    {
        World.AddPod("web", "n1");
        World.Api.Change<V1Pod>("default", "web", static p => p.Spec.Volumes = Volumes("data", "cache"));
    }

    protected override void Change(int act)
    {
        if (act == 1)
        {
            World.Api.Delete<V1PersistentVolumeClaim>("default", "web-data");
        }
    }

    protected override void Step() => World.Step<V1Pod>("web");

    protected override void LoseMemory() => World.LoseActivations();

    protected override void Check() =>
        Assert.True(World.Api.All<V1PersistentVolumeClaim>().Count <= 2, "no more claims than the pod has");
}
