using System.Text;
using OrleansOrchestrator.NodeAgent.StaticPods;

namespace OrleansOrchestrator.NodeAgent.Tests.StaticPods;

/// <summary>Short ways to write manifests.</summary>
internal static class Manifests
{
    public const string NodeName = "node-1";
    public const string WebPath = "/manifests/web.yaml";

    public const string Web =
        """
        apiVersion: v1
        kind: Pod
        metadata:
          name: web
        spec:
          containers:
          - name: c
            image: i
        """;

    public static StaticPod Read(string text, string path = WebPath, string node = NodeName) =>
        Manifest.Read(Encoding.UTF8.GetBytes(text), path, node);

    /// <summary>A pod named web, of that image.</summary>
    public static StaticPod Image(string image) =>
        Read(Web.Replace("image: i", $"image: {image}", StringComparison.Ordinal));
}
