namespace OrleansOrchestrator.Cluster.Tests;

/// <summary>Manifests of small pods of the demo image.</summary>
public static class Pods
{
    public const string Image = "orc.local/demo:1";

    /// <summary>A script that does nothing until it is told to end.</summary>
    public const string Idle = "trap 'exit 0' TERM; while true; do sleep 1 & wait $!; done";

    /// <summary>A pod with one container that runs a shell script; <paramref name="more"/> are further lines of the
    /// container, in YAML.</summary>
    public static string Shell(string name, string script, string restart = "Always", string more = "", int grace = 2) => $"""
        apiVersion: v1
        kind: Pod
        metadata:
          name: {name}
          labels:
            app: {name}
        spec:
          terminationGracePeriodSeconds: {grace}
          restartPolicy: {restart}
          containers:
          - name: main
            image: {Image}
            command: ["/bin/sh", "-c"]
            args:
            - |
              {Indented(script, 6)}
            {Indented(more, 4)}
        """;

    /// <summary>Manifests in one stream.</summary>
    public static string Together(params string[] manifests) => string.Join("\n---\n", manifests);

    private static string Indented(string text, int columns) =>
        text.ReplaceLineEndings("\n").Replace("\n", "\n" + new string(' ', columns), StringComparison.Ordinal);
}
