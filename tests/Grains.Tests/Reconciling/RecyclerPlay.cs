using k8s.Models;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Reconciling;

/// <summary>A claim goes, a pod empties its volume, and the volume is free again.</summary>
internal sealed class RecyclerPlay : CrashPlay
{
    private const string PodName = "recycler-for-v";

    private bool _wasEmptied;

    protected override void SetUp()
    {
        World.Api.Seed(new V1PersistentVolume
        {
            Metadata = new V1ObjectMeta { Name = "v" },
            Spec = new V1PersistentVolumeSpec
            {
                AccessModes = ["ReadWriteOnce"],
                Capacity = new Dictionary<string, ResourceQuantity> { ["storage"] = new("1Gi") },
                ClaimRef = new V1ObjectReference { Name = "gone", NamespaceProperty = "default", Uid = "u" },
                HostPath = new V1HostPathVolumeSource { Path = "/data/v" },
                PersistentVolumeReclaimPolicy = "Recycle",
            },
            Status = new V1PersistentVolumeStatus { Phase = "Bound" },
        });
    }

    protected override void Step() => World.Step<V1PersistentVolume>("v");

    protected override void StepOthers()
    {
        if (World.Api.Find<V1Pod>("default", PodName) is not { } pod)
        {
            return;
        }

        if (pod.Metadata.DeletionTimestamp is not null)
        {
            World.EndPod(PodName);
        }
        else if (pod.Status?.Phase != "Succeeded")
        {
            _wasEmptied = true;
            World.Finish(PodName, 0);
        }
    }

    protected override void LoseMemory() => World.LoseActivations();

    protected override void Check() => Assert.True(
        _wasEmptied || World.Api.Find<V1PersistentVolume>("", "v")!.Status.Phase != "Available",
        "no volume is free that nobody emptied");
}
