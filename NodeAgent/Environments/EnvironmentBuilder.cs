using System.Text;
using k8s.Models;
using OrleansOrchestrator.NodeAgent.Cluster;

namespace OrleansOrchestrator.NodeAgent.Environments;

/// <summary>A container's configuration cannot be made; its text is the status message.</summary>
public sealed class ContainerConfigException(string message) : Exception(message);

/// <summary>What the node adds to a pod's own words when it makes environments.</summary>
public sealed record EnvironmentFacts
{
    public required PodAddresses Addresses { get; init; }

    /// <summary>Host paths by volume name.</summary>
    public IReadOnlyDictionary<string, string> Volumes { get; init; } = new Dictionary<string, string>();

    public IReadOnlyDictionary<string, string> ServiceVariables { get; init; } = new Dictionary<string, string>();

    public IDictionary<string, ResourceQuantity> Allocatable { get; init; } =
        new Dictionary<string, ResourceQuantity>();
}

/// <summary>
/// Builds the environment of a container: envFrom, then env in order, then the services not named by either.
/// </summary>
public sealed class EnvironmentBuilder(IObjectReader objects)
{
    public async Task<Dictionary<string, string>> BuildAsync(
        V1Pod pod, V1Container container, EnvironmentFacts facts, CancellationToken cancellationToken)
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var source in container.EnvFrom ?? [])
        {
            foreach (var (key, value) in await ReadAllAsync(pod.Metadata.NamespaceProperty, source, cancellationToken))
            {
                variables[(source.Prefix ?? "") + key] = value;
            }
        }

        foreach (var variable in container.Env ?? [])
        {
            var value = variable.ValueFrom is null
                ? VariableExpansion.Expand(variable.Value ?? "", Lookup)
                : await ReadOneAsync(pod, container, variable.ValueFrom, facts, cancellationToken);
            if (value is not null)
            {
                variables[variable.Name] = value;
            }
        }

        foreach (var (name, value) in facts.ServiceVariables)
        {
            variables.TryAdd(name, value);
        }

        return variables;

        string? Lookup(string name) =>
            variables.GetValueOrDefault(name) ?? facts.ServiceVariables.GetValueOrDefault(name);
    }

    private async Task<IEnumerable<KeyValuePair<string, string>>> ReadAllAsync(
        string podNamespace, V1EnvFromSource source, CancellationToken cancellationToken)
    {
        if (source.ConfigMapRef is { } mapRef)
        {
            var map = await objects.GetConfigMapAsync(podNamespace, mapRef.Name, cancellationToken);
            RequireFound(map, "configmap", mapRef.Name, mapRef.Optional);
            return map?.Data ?? (IEnumerable<KeyValuePair<string, string>>)[];
        }

        if (source.SecretRef is { } secretRef)
        {
            var secret = await objects.GetSecretAsync(podNamespace, secretRef.Name, cancellationToken);
            RequireFound(secret, "secret", secretRef.Name, secretRef.Optional);
            return (secret?.Data ?? new Dictionary<string, byte[]>())
                .Select(p => KeyValuePair.Create(p.Key, Encoding.UTF8.GetString(p.Value)));
        }

        return [];
    }

    private async Task<string?> ReadOneAsync(
        V1Pod pod, V1Container container, V1EnvVarSource source, EnvironmentFacts facts, CancellationToken cancellationToken)
    {
        if (source.FieldRef is { } field)
        {
            return FieldReferences.Value(pod, field.FieldPath, facts.Addresses)
                ?? throw new ContainerConfigException($"unsupported fieldPath: {field.FieldPath}");
        }

        if (source.ResourceFieldRef is { } resource)
        {
            return ResourceReferences.Value(pod, container, resource, facts.Allocatable)
                ?? throw new ContainerConfigException($"unsupported container resource : {resource.Resource}");
        }

        if (source.FileKeyRef is { } file)
        {
            return EnvironmentFile.Read(file, facts.Volumes);
        }

        var podNamespace = pod.Metadata.NamespaceProperty;
        if (source.ConfigMapKeyRef is { } mapKey)
        {
            var map = await objects.GetConfigMapAsync(podNamespace, mapKey.Name, cancellationToken);
            RequireFound(map, "configmap", mapKey.Name, mapKey.Optional);
            var found = map?.Data is { } data && data.TryGetValue(mapKey.Key, out var text) ? text : null;
            return RequireKey(found, map is null, "ConfigMap", podNamespace, mapKey.Name, mapKey.Key, mapKey.Optional);
        }

        if (source.SecretKeyRef is { } secretKey)
        {
            var secret = await objects.GetSecretAsync(podNamespace, secretKey.Name, cancellationToken);
            RequireFound(secret, "secret", secretKey.Name, secretKey.Optional);
            var found = secret?.Data is { } data && data.TryGetValue(secretKey.Key, out var bytes)
                ? Encoding.UTF8.GetString(bytes)
                : null;
            return RequireKey(
                found, secret is null, "Secret", podNamespace, secretKey.Name, secretKey.Key, secretKey.Optional);
        }

        return null;
    }

    private static void RequireFound(object? found, string kind, string name, bool? optional)
    {
        if (found is null && optional != true)
        {
            throw new ContainerConfigException($"{kind} \"{name}\" not found");
        }
    }

    private static string? RequireKey(
        string? value, bool objectMissing, string kind, string podNamespace, string name, string key, bool? optional) =>
        value is null && !objectMissing && optional != true
            ? throw new ContainerConfigException($"couldn't find key {key} in {kind} {podNamespace}/{name}")
            : value;
}
