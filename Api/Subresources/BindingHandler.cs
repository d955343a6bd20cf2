using System.Buffers;
using System.Globalization;
using k8s.Models;
using OrleansOrchestrator.Api.Admission;
using OrleansOrchestrator.Api.Errors;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Api.Negotiation;
using OrleansOrchestrator.Api.Store;
using OrleansOrchestrator.Api.Writing;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Subresources;

/// <summary>
/// Binds a pod to a node: the scheduler's hot path, so it goes straight from the current version to the next without
/// the generic update's steps, none of which could find anything.
/// </summary>
public sealed class BindingHandler(
    ObjectStore store, AdmissionChain admission, ResourceCatalog catalog, TimeProvider time) : ISubresource
{
    private static readonly ExpectedBody Expected = new(TypedCodec<V1Binding>.Instance, "v1", "Binding");
    private static readonly ResourceName PodBindings = new("", "pods/binding");

    /// <summary>What a binding (or eviction) answers with.</summary>
    public static readonly ReadOnlyMemory<byte> Success = MakeSuccess();

    /// <inheritdoc/>
    public string Name => "binding";

    /// <inheritdoc/>
    /// <remarks>The name is that of the path; empty when only the body says it.</remarks>
    public async ValueTask<Outcome<WriteResult>> WriteAsync(WriteRequest request)
    {
        var (context, name) = (request.Context, request.Context.Key.Name);
        var decoded = request.Decode(Expected);
        if (!decoded.Succeeded)
        {
            return decoded.Error;
        }

        var binding = (V1Binding)decoded.Value;
        if (ObjectCreator.PlaceInNamespace(context, binding.Metadata) is { } misplaced)
        {
            return misplaced;
        }

        if (name.Length > 0 && !string.IsNullOrEmpty(binding.Metadata.Name) && binding.Metadata.Name != name)
        {
            return StatusErrors.BadRequest("name in URL does not match name in Binding object");
        }

        binding.Metadata.Name = name.Length > 0 ? name : binding.Metadata.Name;
        (binding.ApiVersion, binding.Kind) = (V1Binding.KubeApiVersion, V1Binding.KubeKind);
        return Check(binding) is { } invalid
            ? invalid
            : await BindAsync(
                context.With(new ObjectKey(context.Key.Namespace, binding.Metadata.Name ?? ""), "binding"), binding,
                name.Length > 0 ? null : catalog.Current.Find(WellKnown.Bindings));
    }

    /// <inheritdoc/>
    public ReadOnlyMemory<byte> Render(ResourceDefinition definition, ResourceObject item) => Success;

    /// <summary>
    /// Admission sees what the client has named: that is a resource of its own where only the body says of which pod.
    /// </summary>
    private async ValueTask<Outcome<WriteResult>> BindAsync(
        WriteContext context, V1Binding binding, ResourceDefinition? named)
    {
        var admitted = await admission.AdmitAsync(context, Name, binding, named);
        return admitted.Succeeded
            ? await OptimisticLoop.RunAsync(
                store, context, (current, mode) => TryAsync(context, current, mode, admitted.Value))
            : admitted.Error;
    }

    private async ValueTask<Attempt> TryAsync(
        WriteContext context, ResourceObject? current, ReadMode mode, V1Binding binding)
    {
        var pod = current is null ? null : ResourceCodec.Decode<V1Pod>(current.Json);
        if (Refuse(context, current, pod, binding) is { } why)
        {
            return Attempt.Computed(why);
        }

        Assign(pod!, binding);
        if (context.Options.DryRun)
        {
            return Attempt.Computed(
                new WriteResult(EncodedObject.Transient(context.Key, pod!, current!.Revision)));
        }

        var outcome = await store.WriteAsync(context, EncodedObject.Of(pod!), WriteKind.Update, current!, mode);
        return outcome.Succeeded ? Attempt.Final(new WriteResult(outcome.Value)) : Attempt.Lost(outcome.Error);
    }

    /// <summary>Upstream returns these findings bare, which makes them a 500 without reason.</summary>
    private static Status? Check(V1Binding binding)
    {
        var texts = new List<string>();
        var kind = binding.Target?.Kind ?? "";
        if (kind is not ("" or "Node"))
        {
            texts.Add($"target.kind: Unsupported value: {GoText.Quote(kind)}: supported values: \"Node\", \"<empty>\"");
        }

        if (string.IsNullOrEmpty(binding.Target?.Name))
        {
            texts.Add("target.name: Required value");
        }

        return GoErrors.Join(texts) is { } all ? StatusErrors.Unknown(all) : null;
    }

    private static Status? Refuse(WriteContext context, ResourceObject? current, V1Pod? pod, V1Binding binding)
    {
        if (current is null || pod is null)
        {
            return StatusErrors.NotFound(WellKnown.Pods, context.Key.Name);
        }

        var (uid, revision) = (binding.Metadata.Uid ?? "", binding.Metadata.ResourceVersion ?? "");
        if (uid.Length > 0 && uid != current.Uid)
        {
            return RegistryErrors.UidPrecondition(context.Definition, context.Key, uid, current.Uid);
        }

        if (revision.Length > 0
            && current.Revision.ToString(CultureInfo.InvariantCulture) is var actual
            && revision != actual)
        {
            return RegistryErrors.RevisionPrecondition(context.Definition, context.Key, revision, actual);
        }

        var why = pod switch
        {
            { Metadata.DeletionTimestamp: not null } => $"pod {pod.Metadata.Name} is being deleted, cannot be assigned to a host",
            { Spec.NodeName.Length: > 0 } => $"pod {pod.Metadata.Name} is already assigned to node {GoText.Quote(pod.Spec.NodeName)}",
            { Spec.SchedulingGates.Count: > 0 } => $"pod {pod.Metadata.Name} has non-empty .spec.schedulingGates",
            _ => null,
        };
        return why is null ? null : StatusErrors.Conflict(PodBindings, context.Key.Name, why);
    }

    private void Assign(V1Pod pod, V1Binding binding)
    {
        pod.Spec.NodeName = binding.Target.Name;
        pod.Metadata.Annotations = Overlay(pod.Metadata.Annotations, binding.Metadata.Annotations);
        pod.Metadata.Labels = Overlay(pod.Metadata.Labels, binding.Metadata.Labels);
        pod.Status ??= new V1PodStatus();
        pod.Status.NominatedNodeName = null;
        pod.Status.Conditions ??= [];
        var condition = pod.Status.Conditions.FirstOrDefault(c => c.Type == "PodScheduled");
        if (condition is null)
        {
            condition = new V1PodCondition { Type = "PodScheduled" };
            pod.Status.Conditions.Add(condition);
        }

        if (condition.Status != "True")
        {
            condition.LastTransitionTime = ApiTime.Seconds(time.GetUtcNow());
        }

        condition.Status = "True";
        condition.Reason = null;
        condition.Message = null;
        condition.LastProbeTime = null;
        condition.ObservedGeneration = null;
    }

    private static IDictionary<string, string>? Overlay(IDictionary<string, string>? target, IDictionary<string, string>? source)
    {
        if (source is null || source.Count == 0)
        {
            return target;
        }

        var result = target is null ? [] : new Dictionary<string, string>(target, StringComparer.Ordinal);
        foreach (var (key, value) in source)
        {
            result[key] = value;
        }

        return result;
    }

    private static ReadOnlyMemory<byte> MakeSuccess()
    {
        var output = new ArrayBufferWriter<byte>(128);
        StatusJson.WriteSuccess(output, null, 201);
        return output.WrittenMemory;
    }
}
