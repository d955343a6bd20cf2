using System.Buffers;
using System.Text;
using System.Text.Json.Nodes;
using k8s;
using k8s.Models;
using Microsoft.AspNetCore.Http;
using OrleansOrchestrator.Api.Errors;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Api.Negotiation;
using OrleansOrchestrator.Api.Patch;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources;
using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Security;

/// <summary>
/// All that the pipeline does with an object, create, update, patches and columns, but for the commit.
/// </summary>
internal static class ObjectWork
{
    /// <summary>Throws only what is a fault.</summary>
    public static void Do(ResourceDefinition definition, byte[] json)
    {
        var strategy = definition.Strategy;
        var created = Decode(definition, json);
        MetadataStamp.Normalize(created, definition);
        MetadataStamp.Create(created.Metadata, DateTimeOffset.UnixEpoch);
        strategy.PrepareForCreate(created);
        var isStored = Report(definition, null, errors =>
        {
            ObjectMetaRules.ValidateCreate(created.Metadata, definition, errors);
            strategy.Validate(created, errors);
        });
        WarningHeaders.Write(new DefaultHttpContext().Response, [.. strategy.Warnings(created, null)]);
        var old = Decode(definition, ResourceCodec.EncodeForWrite(created).Json);
        foreach (var subresource in (string[])["", .. definition.Subresources.Select(s => s.Name)])
        {
            Update(definition, Decode(definition, json), old, subresource);
            Update(definition, Decode(definition, json), Empty(definition), subresource);
        }

        if (isStored)
        {
            strategy.Cells(created, DateTimeOffset.UnixEpoch);
            strategy.Condition(created);
            strategy.GracePeriodSeconds(created, null);
        }

        Patch(definition, json);
    }

    private static void Update(
        ResourceDefinition definition, IKubernetesObject<V1ObjectMeta> next, IKubernetesObject<V1ObjectMeta> old,
        string subresource)
    {
        definition.Strategy.PrepareForUpdate(next, old, subresource);
        Report(definition, old, errors =>
        {
            ObjectMetaRules.ValidateUpdate(next.Metadata, old.Metadata, errors);
            definition.Strategy.ValidateUpdate(next, old, subresource, errors);
        });
        _ = definition.Strategy.Warnings(next, old).Count() + definition.Strategy.StatusWarnings(next).Count();
    }

    /// <summary>A merge with itself, and a strategic merge whose keys are all there, or none of them.</summary>
    private static void Patch(ResourceDefinition definition, byte[] json)
    {
        var empty = ResourceCodec.EncodeForWrite(Empty(definition)).Json;
        foreach (var kind in (PatchKind[])[PatchKind.Merge, PatchKind.Strategic])
        {
            var patch = ObjectPatch.Parse(kind, json, FieldValidation.Strict).Required;
            foreach (var current in (ReadOnlyMemory<byte>[])[json, empty])
            {
                Assert.True(patch.Apply(ExpectedBody.Of(definition), current, [])
                    is { Succeeded: true } or { Error: not null });
            }
        }
    }

    /// <summary>True when nothing is wrong.</summary>
    private static bool Report(
        ResourceDefinition definition, IKubernetesObject<V1ObjectMeta>? before, Action<FieldErrors> validate)
    {
        var errors = new FieldErrors { Before = before };
        validate(errors);
        StatusJson.Write(new ArrayBufferWriter<byte>(), errors.ToStatus("", definition.Kind, "grown"));
        return errors.Count == 0;
    }

    private static IKubernetesObject<V1ObjectMeta> Decode(ResourceDefinition definition, byte[] json)
    {
        var item = BodyDecoder.Decode(
            ExpectedBody.Of(definition), json, BodyFormat.Json, FieldValidation.Ignore, []).Required;
        definition.Strategy.SetDefaults(item);
        return item;
    }

    private static IKubernetesObject<V1ObjectMeta> Empty(ResourceDefinition definition) => Decode(
        definition, Encoding.UTF8.GetBytes(
            new JsonObject { ["metadata"] = new JsonObject { ["name"] = "grown" } }.ToJsonString()));
}
