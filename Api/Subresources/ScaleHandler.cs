using System.Globalization;
using k8s;
using k8s.Models;
using OrleansOrchestrator.Api.Patch;
using OrleansOrchestrator.Api.Pipeline;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Subresources;

/// <summary>
/// The <c>scale</c> subresource of Deployments and ReplicaSets: <c>autoscaling/v1 Scale</c> in and out.
/// </summary>
public sealed class ScaleHandler(ObjectUpdater updater)
{
    private static readonly ExpectedBody Expected = new(typeof(V1Scale), "autoscaling/v1", "Scale");

    /// <summary>The scale of an object as JSON.</summary>
    public static ReadOnlyMemory<byte> Render(ResourceDefinition definition, ResourceObject item) =>
        ResourceCodec.Encode(Of(definition, item));

    /// <summary>Writes a scale, given as a whole or as a patch of the current one.</summary>
    public ValueTask<Outcome<WriteResult>> WriteAsync(
        WriteContext context, ReadOnlyMemory<byte> body, BodyFormat format, PatchKind? patch)
    {
        if (patch is { } kind)
        {
            var parsed = ObjectPatch.Parse(kind, body.Span, context.Options.FieldValidation);
            return parsed.Succeeded
                ? PatchAsync(context, parsed.Value)
                : new ValueTask<Outcome<WriteResult>>(parsed.Error);
        }

        var decoded = BodyDecoder.Decode(Expected, body, format, context.Options.FieldValidation, context.Warnings);
        if (!decoded.Succeeded)
        {
            return new ValueTask<Outcome<WriteResult>>(decoded.Error);
        }

        var scale = (V1Scale)decoded.Value;
        return NameRule.CheckReplacement(context, scale.Metadata) is { } mismatch
            ? new ValueTask<Outcome<WriteResult>>(mismatch)
            : updater.UpdateAsync(
                context.With(context.Key), current => Next(context, current, scale), scale.Metadata.Uid ?? "");
    }

    private ValueTask<Outcome<WriteResult>> PatchAsync(WriteContext context, ObjectPatch patch) => updater.UpdateAsync(
        context.With(context.Key),
        current =>
        {
            if (current is null)
            {
                return StatusErrors.NotFound(context.Resource, context.Key.Name);
            }

            var scale = patch.Apply(typeof(V1Scale), Render(context.Definition, current).Span, context.Warnings);
            return scale.Succeeded
                ? NameRule.Check(context, scale.Value.Metadata) is { } mismatch ? mismatch : Next(
                    context, current, (V1Scale)scale.Value)
                : scale.Error;
        });

    private static Outcome<IKubernetesObject<V1ObjectMeta>> Next(
        WriteContext context, ResourceObject? current, V1Scale scale)
    {
        if (current is null)
        {
            return StatusErrors.NotFound(context.Resource, context.Key.Name);
        }

        var replicas = scale.Spec?.Replicas ?? 0;
        if (replicas < 0)
        {
            var errors = new FieldErrors();
            errors.Invalid(FieldPath.Of("spec", "replicas"), replicas, "must be greater than or equal to 0");
            return errors.ToStatus("autoscaling", "Scale", scale.Metadata.Name ?? "");
        }

        var item = (IKubernetesObject<V1ObjectMeta>)ResourceCodec.Decode(context.Definition.Model, current.Json.Span);
        item.Metadata.ResourceVersion = scale.Metadata.ResourceVersion;
        switch (item)
        {
            case V1Deployment deployment:
                deployment.Spec.Replicas = replicas;
                break;
            case V1ReplicaSet set:
                set.Spec.Replicas = replicas;
                break;
            default:
                return StatusErrors.NotImplemented($"scale of {context.Resource.Qualified}");
        }

        return Outcomes.Of(item);
    }

    private static V1Scale Of(ResourceDefinition definition, ResourceObject item)
    {
        var source = ObjectUpdater.DecodeShared(definition, item);
        var (replicas, actual, selector) = source switch
        {
            V1Deployment d => (d.Spec?.Replicas, d.Status?.Replicas, d.Spec?.Selector),
            V1ReplicaSet s => (s.Spec?.Replicas, s.Status?.Replicas, s.Spec?.Selector),
            _ => throw new StatusException(StatusErrors.NotImplemented($"scale of {definition.Name.Qualified}")),
        };
        return new V1Scale
        {
            Kind = "Scale",
            ApiVersion = "autoscaling/v1",
            Metadata = new V1ObjectMeta
            {
                Name = source.Metadata.Name,
                NamespaceProperty = source.Metadata.NamespaceProperty,
                Uid = source.Metadata.Uid,
                ResourceVersion = item.Revision == 0 ? null : item.Revision.ToString(CultureInfo.InvariantCulture),
                CreationTimestamp = source.Metadata.CreationTimestamp,
            },
            Spec = new V1ScaleSpec { Replicas = replicas },
            Status = new V1ScaleStatus { Replicas = actual ?? 0, Selector = LabelSelector.Of(selector).ToString() },
        };
    }
}
