using System.Text.Json.Nodes;
using k8s;
using k8s.Models;

namespace OrleansOrchestrator.Resources.Tests.Kernel.Protobuf;

/// <summary>A body that kubectl sent.</summary>
/// <param name="Path">Where to.</param>
/// <param name="Body">The bytes.</param>
/// <param name="Json">The same object as upstream's encoder writes it in JSON.</param>
public sealed record KubectlBody(string Path, byte[] Body, string Json)
{
    /// <summary>The model class of the object.</summary>
    public Type Model { get; } = FindModel(Json);

    /// <summary>All recorded bodies.</summary>
    public static IReadOnlyList<KubectlBody> All { get; } = Load();

    private static IReadOnlyList<KubectlBody> Load()
    {
        using var stream = typeof(KubectlBody).Assembly.GetManifestResourceStream("kubectl-protobuf.txt")!;
        using var reader = new StreamReader(stream);
        return
        [
            .. reader.ReadToEnd().Split('\n').Where(l => l.Length > 0 && l[0] != '#').Select(l => l.Split(' ', 3))
                .Select(w => new KubectlBody(w[0][(w[0].IndexOf(':', StringComparison.Ordinal) + 1)..], Convert.FromHexString(w[1]), w[2])),
        ];
    }

    private static Type FindModel(string json)
    {
        var node = JsonNode.Parse(json)!;
        var (version, kind) = ((string)node["apiVersion"]!, (string)node["kind"]!);
        var slash = version.IndexOf('/', StringComparison.Ordinal);
        var (group, plain) = slash < 0 ? ("", version) : (version[..slash], version[(slash + 1)..]);
        return typeof(V1Pod).Assembly.GetTypes().First(t =>
            t.GetCustomAttributes(
                typeof(KubernetesEntityAttribute), inherit: false) is [KubernetesEntityAttribute entity] &&
            entity.Group == group && entity.ApiVersion == plain && entity.Kind == kind);
    }
}
