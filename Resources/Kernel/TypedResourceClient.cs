using System.Text;
using System.Text.Json.Nodes;
using k8s;
using k8s.Models;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Resources.Kernel;

/// <summary>What the model type says about its resource; looked up once per type.</summary>
public static class ResourceOf<T>
    where T : IKubernetesObject<V1ObjectMeta>
{
    /// <summary>For example <c>apps/deployments</c> for <see cref="V1Deployment"/>.</summary>
    public static ResourceName Name { get; }

    public static string Kind { get; }

    /// <summary><c>v1</c> or <c>group/version</c>.</summary>
    public static string ApiVersion { get; }

#pragma warning disable CA1810 // The three facts come from one attribute.
    static ResourceOf()
    {
        var entity = typeof(T).GetKubernetesTypeMetadata();

        // The library's model of claims of devices does not say its plural.
        var plural = entity.PluralName is { Length: > 0 } given ? given : $"{entity.Kind.ToLowerInvariant()}s";
        Name = new ResourceName(entity.Group, plural);
        Kind = entity.Kind;
        ApiVersion = entity.Group.Length == 0 ? entity.ApiVersion : $"{entity.Group}/{entity.ApiVersion}";
    }
#pragma warning restore CA1810

    /// <summary>A list of this resource, to be narrowed with <c>with</c>.</summary>
    public static ListQuery Query(string inNamespace = "") => new() { Resource = Name, Namespace = inNamespace };
}

/// <summary>
/// <see cref="IResourceClient"/> in terms of models. What reads answer is shared with everyone else on the silo and
/// must never be changed: change a <see cref="Clone{T}"/>, or use <see cref="MutateAsync{T}"/>.
/// </summary>
public static class TypedResourceClient
{
    /// <summary>Attempts of <see cref="MutateAsync{T}"/> before it gives up on a busy object.</summary>
    public const int MaxMutateAttempts = 5;

    /// <summary>One object; the model is shared, never change it.</summary>
    public static async ValueTask<Outcome<T>> GetAsync<T>(
        this IResourceClient client, ObjectKey key, ReadFreshness freshness, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var outcome = await client.GetAsync(ResourceOf<T>.Name, key, freshness, cancellationToken);
        return outcome.Succeeded ? outcome.Value.As<T>() : outcome.Error;
    }

    /// <summary>
    /// Objects of a query made with <see cref="ResourceOf{T}.Query"/>; the models are shared, never change them.
    /// </summary>
    public static async ValueTask<IReadOnlyList<T>> ListAsync<T>(
        this IResourceClient client, ListQuery query, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var list = await client.ListAsync(query, cancellationToken);
        var result = new T[list.Items.Count];
        for (var i = 0; i < result.Length; i++)
        {
            result[i] = list.Items[i].As<T>();
        }

        return result;
    }

    /// <summary>Creates the object in the namespace that its metadata names.</summary>
    public static ValueTask<Outcome<ResourceObject>> CreateAsync<T>(
        this IResourceClient client, T item, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        SetType(item);
        return client.CreateAsync(
            new CreateRequest
            {
                Resource = ResourceOf<T>.Name,
                Namespace = item.Metadata.NamespaceProperty ?? "",
                Name = item.Metadata.Name ?? "",
                Json = ResourceCodec.Encode(item),
            },
            cancellationToken);
    }

    /// <summary>Replaces the object; a resourceVersion in its metadata is the optimistic lock.</summary>
    public static ValueTask<Outcome<ResourceObject>> UpdateAsync<T>(
        this IResourceClient client, T item, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta> => client.UpdateAsync(item, "", cancellationToken);

    /// <summary>Replaces the status; a resourceVersion in the metadata is the optimistic lock.</summary>
    public static ValueTask<Outcome<ResourceObject>> UpdateStatusAsync<T>(
        this IResourceClient client, T item, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta> => client.UpdateAsync(item, "status", cancellationToken);

    /// <summary>Replaces the object or a subresource of the same kind (<c>status</c>, <c>finalize</c>).</summary>
    public static ValueTask<Outcome<ResourceObject>> UpdateAsync<T>(
        this IResourceClient client, T item, string subresource, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        SetType(item);
        return client.UpdateAsync(
            new UpdateRequest
            {
                Resource = ResourceOf<T>.Name,
                Key = item.Key(),
                Subresource = subresource,
                Json = ResourceCodec.Encode(item),
            },
            cancellationToken);
    }

    /// <summary>Patches the object or, with <paramref name="subresource"/>, a part of it.</summary>
    public static ValueTask<Outcome<ResourceObject>> PatchAsync<T>(
        this IResourceClient client,
        ObjectKey key,
        PatchKind kind,
        string patch,
        string subresource,
        CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta> => client.PatchAsync(
            new PatchRequest
            {
                Resource = ResourceOf<T>.Name,
                Key = key,
                Kind = kind,
                Subresource = subresource,
                Patch = Encoding.UTF8.GetBytes(patch),
            },
            cancellationToken);

    /// <summary>A JSON merge patch of the object.</summary>
    public static ValueTask<Outcome<ResourceObject>> MergeAsync<T>(
        this IResourceClient client, ObjectKey key, JsonObject patch, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        client.PatchAsync<T>(key, PatchKind.Merge, patch.ToJsonString(), "", cancellationToken);

    /// <summary>A strategic merge patch of the status.</summary>
    public static ValueTask<Outcome<ResourceObject>> PatchStatusAsync<T>(
        this IResourceClient client, ObjectKey key, JsonObject patch, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        client.PatchAsync<T>(key, PatchKind.Strategic, patch.ToJsonString(), "status", cancellationToken);

    /// <summary>Deletes exactly this object (same uid), in the background.</summary>
    public static ValueTask<Outcome<ResourceObject>> DeleteAsync<T>(
        this IResourceClient client, T item, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta> => client.DeleteAsync(
            new DeleteRequest
            {
                Resource = ResourceOf<T>.Name,
                Key = item.Key(),
                Uid = item.Metadata.Uid,
                PropagationPolicy = "Background",
            },
            cancellationToken);

    /// <summary>
    /// Reads, changes a private copy and replaces under the optimistic lock; begins again on Conflict, a bounded number
    /// of times.
    /// <paramref name="change"/> returns false when there is nothing to do, and then nothing is written.
    /// </summary>
    public static async ValueTask<Outcome<ResourceObject>> MutateAsync<T>(
        this IResourceClient client,
        ObjectKey key,
        string subresource,
        Func<T, bool> change,
        CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var freshness = ReadFreshness.Cached;
        for (var attempt = 1; ; attempt++)
        {
            var read = await client.GetAsync(ResourceOf<T>.Name, key, freshness, cancellationToken);
            if (!read.Succeeded)
            {
                return read;
            }

            var copy = read.Value.Clone<T>();
            if (!change(copy))
            {
                return read;
            }

            var written = await client.UpdateAsync(copy, subresource, cancellationToken);
            if (written.Succeeded || written.Error.Reason != StatusReasons.Conflict || attempt == MaxMutateAttempts)
            {
                return written;
            }

            freshness = ReadFreshness.Linearizable;
        }
    }

    /// <summary>A private copy that may be changed.</summary>
    public static T Clone<T>(this ResourceObject item)
        where T : class => ResourceCodec.Decode<T>(item.Json);

    /// <summary>Namespace and name.</summary>
    public static ObjectKey Key(this IKubernetesObject<V1ObjectMeta> item) =>
        new(item.Metadata.NamespaceProperty ?? "", item.Metadata.Name);

    /// <summary>The reference that makes <paramref name="owner"/> the controller of another object.</summary>
    public static V1OwnerReference ControllerReference<T>(this T owner)
        where T : class, IKubernetesObject<V1ObjectMeta> => new()
        {
            ApiVersion = ResourceOf<T>.ApiVersion,
            Kind = ResourceOf<T>.Kind,
            Name = owner.Metadata.Name,
            Uid = owner.Metadata.Uid,
            Controller = true,
            BlockOwnerDeletion = true,
        };

    private static void SetType<T>(T item)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        if (string.IsNullOrEmpty(item.Kind))
        {
            item.ApiVersion = ResourceOf<T>.ApiVersion;
            item.Kind = ResourceOf<T>.Kind;
        }
    }
}
