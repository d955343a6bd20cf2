using k8s.Models;
using OrleansOrchestrator.NodeAgent.PodRecords;

namespace OrleansOrchestrator.NodeAgent.StaticPods;

/// <summary>What is known of one full name.</summary>
internal sealed class Slot
{
    /// <summary>What a manifest asks for; null when none does any more.</summary>
    public StaticPod? Wanted { get; set; }

    /// <summary>What runs, or ends; null while nothing does.</summary>
    public StaticPod? Running { get; set; }

    /// <summary>What runs was told to end.</summary>
    public bool IsEnding { get; set; }

    /// <summary>The mirror pod of that name, as the API has it.</summary>
    public V1Pod? Mirror { get; set; }

    /// <summary>The mirror is that of what runs.</summary>
    public bool HasOwnMirror =>
        Mirror is { Metadata.DeletionTimestamp: null } mirror && Running is { } running
        && mirror.Annotation(ConfigAnnotations.Mirror) == running.Pod.Annotation(ConfigAnnotations.Hash);

    /// <summary>Null when all is well, or nothing may be done yet.</summary>
    public MirrorStep? Step() => this switch
    {
        { IsEnding: true } => null,
        { Running: { } running, Mirror: null } => new MirrorStep(null, running.Pod),
        { Mirror: { } mirror, HasOwnMirror: false } => new MirrorStep(mirror, null),
        _ => null,
    };
}
