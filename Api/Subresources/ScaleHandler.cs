using System.Globalization;
using k8s;
using k8s.Models;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Api.Patch;
using OrleansOrchestrator.Api.Writing;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Kernel.Json;
using OrleansOrchestrator.Resources.Kernel.Ownership;

namespace OrleansOrchestrator.Api.Subresources;

/// <summary>
/// The <c>scale</c> subresource: <c>autoscaling/v1 Scale</c> in and out. Where its numbers are, the kind's row says.
/// </summary>
public sealed class ScaleHandler(ObjectUpdater updater, TimeProvider time) : ISubresource
{
    /// <summary>Names the scheme of upstream's server of custom objects in messages.</summary>
    private const string CustomScheme = "k8s.io/apiextensions-apiserver/pkg/apiserver/customresource_handler.go:726";

    private static readonly ExpectedBody Expected = new(TypedCodec<V1Scale>.Instance, "autoscaling/v1", "Scale");

    private static readonly OwnedVersion NewScale =
        new(Expected.ApiVersion, Expected.Codec.Schema, ResourceCodec.Encode(new V1Scale()));

    /// <inheritdoc/>
    public string Name => "scale";

    /// <inheritdoc/>
    public ReadOnlyMemory<byte> Render(ResourceDefinition definition, ResourceObject item)
    {
        var scale = Of(definition, item);
        return scale.Spec.Replicas is null && definition.Of.IsCustom
            ? throw new StatusException(StatusErrors.InternalError(PathsOf(definition).Lacking))
            : ResourceCodec.Encode(scale);
    }

    /// <inheritdoc/>
    public async ValueTask<Outcome<WriteResult>> WriteAsync(WriteRequest request)
    {
        var context = request.Context;
        if (request.Verb == WriteVerb.Patch)
        {
            var next = ReadPatch(request);
            return await updater.UpdateAsync(
                context.With(context.Key), current => Next(context, current, next), UpdateMode.Patch,
                part: PartOf(context));
        }

        var decoded = request.Decode(Expected);
        return !decoded.Succeeded ? WhyUnreadable(context, decoded.Error)
            : NameRule.CheckReplacement(context, decoded.Value.Metadata) is { } mismatch ? mismatch
            : await updater.UpdateAsync(
                context.With(context.Key),
                current => Next(context, current, _ => decoded),
                uid: decoded.Value.Metadata.Uid ?? "",
                part: PartOf(context));
    }

    /// <summary>
    /// Upstream looks for the kind of a custom object's scale where its own kinds are, whatever is wrong with the body.
    /// </summary>
    private static Status WhyUnreadable(WriteContext context, Status refusal) =>
        context.Definition.Of.IsCustom && refusal.Code == 400
        && !refusal.Message.Contains(BodyDecoder.StrictError, StringComparison.Ordinal)
            ? StatusErrors.BadRequest(
                $"no kind is registered for the type v1.Scale in scheme {GoText.Quote(CustomScheme)}")
            : refusal;

    /// <summary>What a patch makes of a scale, or why it cannot be read: there must be a scale first.</summary>
    private Func<OwnedVersion, Outcome<IKubernetesObject<V1ObjectMeta>>> ReadPatch(WriteRequest request)
    {
        var context = request.Context;
        if (request.Patch == PatchKind.Apply)
        {
            var applied = ApplyPatch.Parse(request.Body, context.Options);
            return live => applied.Succeeded
                ? Check(context, applied.Value.Apply(Expected, live, NewScale, Ownership(), context.Warnings))
                : applied.Error;
        }

        var patch = ObjectPatch.Parse(request.Patch, request.Body.Span, context.Options.FieldValidation);
        return live => patch.Succeeded
            ? Check(context, patch.Value.Apply(Expected, live.Json, context.Warnings))
            : patch.Error;
    }

    private static Outcome<IKubernetesObject<V1ObjectMeta>> Check(
        WriteContext context, Outcome<IKubernetesObject<V1ObjectMeta>> scale) =>
        scale.Succeeded && NameRule.Check(context, scale.Value.Metadata) is { } mismatch ? mismatch : scale;

    private FieldOwnership Ownership() => new()
    {
        ApiVersion = Expected.ApiVersion, Subresource = Name, Now = ApiTime.Seconds(time.GetUtcNow()),
    };

    private Outcome<IKubernetesObject<V1ObjectMeta>> Next(
        WriteContext context, ResourceObject? current,
        Func<OwnedVersion, Outcome<IKubernetesObject<V1ObjectMeta>>> next)
    {
        if (current is null)
        {
            return StatusErrors.NotFound(context.Resource, context.Key.Name);
        }

        var owners = ManagedFields.Of(context.Definition.Codec.Share(current).Metadata.ManagedFields);
        var before = Of(context.Definition, current);
        var parent = new ScaleOwners(PathsOf(context.Definition).Replicas);
        before.Metadata.ManagedFields = parent.ToScale(owners).Encode();
        var live = NewScale with { Json = ResourceCodec.Encode(before) };
        var made = next(live);
        if (!made.Succeeded)
        {
            return made.Error;
        }

        var scale = (V1Scale)made.Value;
        var scaleOwners = context.FieldManager is { } manager
            ? ObjectOwners.Update(
                Ownership(), manager, ManagedFields.Of(before.Metadata.ManagedFields), live,
                Expected.Codec.VersionOf(Expected.ApiVersion, scale), scale.Metadata, isNew: false)
            : scale.Metadata.ManagedFields;
        var replicas = scale.Spec?.Replicas ?? 0;
        if (replicas < 0 && !context.Definition.Of.IsCustom)
        {
            var errors = new FieldErrors();
            errors.Invalid(FieldPath.Of("spec", "replicas"), replicas, "must be greater than or equal to 0");
            return errors.ToStatus("autoscaling", "Scale", scale.Metadata.Name ?? "");
        }

        var item = Scaled(context.Definition, current, replicas);
        item.Metadata.ManagedFields =
            parent.ToParent(owners, ManagedFields.Of(scaleOwners), context.Definition.ApiVersion);

        // Who scales without a lock scales the version that there is, of kinds too that are not updated so.
        item.Metadata.ResourceVersion =
            string.IsNullOrEmpty(scale.Metadata.ResourceVersion)
            && !context.Definition.Strategy.AllowUnconditionalUpdate
                ? current.Revision.ToString(CultureInfo.InvariantCulture)
                : scale.Metadata.ResourceVersion;
        return Outcomes.Of(item);
    }

    /// <summary>Admission sees the scale, and may change how many replicas it asks for.</summary>
    private AdmittedPart PartOf(WriteContext context) => new(
        Name,
        item => Of(context.Definition, Written(context, item)),
        (item, scale) =>
        {
            var (wanted, written) = (((V1Scale)scale).Spec?.Replicas ?? 0, Written(context, item));
            return Of(context.Definition, written).Spec.Replicas == wanted
                ? item
                : Scaled(context.Definition, written, wanted);
        });

    private static IKubernetesObject<V1ObjectMeta> Scaled(
        ResourceDefinition definition, ResourceObject item, int replicas)
    {
        var json = JsonTree.ParseOwn(item.Json.Span);
        PathsOf(definition).WriteReplicas(json, replicas);
        return definition.Codec.Decode(JsonTree.ToBytes(json));
    }

    private static ResourceObject Written(WriteContext context, IKubernetesObject<V1ObjectMeta> item) => new(
        context.Key, item.Metadata.Uid ?? "",
        long.TryParse(item.Metadata.ResourceVersion, CultureInfo.InvariantCulture, out var revision) ? revision : 0,
        ResourceCodec.Encode(item));

    private static ScalePaths PathsOf(ResourceDefinition definition) =>
        definition.Scale
        ?? throw new StatusException(StatusErrors.NotImplemented($"scale of {definition.Name.Qualified}"));

    private static V1Scale Of(ResourceDefinition definition, ResourceObject item)
    {
        var paths = PathsOf(definition);
        var metadata = definition.Codec.Share(item).Metadata;
        var json = JsonTree.ParseOwn(item.Json.Span);
        return new V1Scale
        {
            Kind = "Scale",
            ApiVersion = "autoscaling/v1",
            Metadata = new V1ObjectMeta
            {
                Name = metadata.Name,
                NamespaceProperty = metadata.NamespaceProperty,
                Uid = metadata.Uid,
                ResourceVersion = item.Revision == 0 ? null : item.Revision.ToString(CultureInfo.InvariantCulture),
                CreationTimestamp = metadata.CreationTimestamp,
            },
            Spec = new V1ScaleSpec { Replicas = paths.ReadReplicas(json) },
            Status = new V1ScaleStatus { Replicas = paths.ReadActual(json), Selector = paths.ReadSelector(json) },
        };
    }
}
