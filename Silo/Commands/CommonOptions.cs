using System.CommandLine;
using OrleansOrchestrator.Silo.Hosting;

namespace OrleansOrchestrator.Silo.Commands;

/// <summary>Options that several verbs share.</summary>
internal static class CommonOptions
{
    public static Option<string> DataDirectory() => new("--data-dir")
    {
        Description = "Where the cluster keeps everything on this machine.",
        DefaultValueFactory = _ => Hosting.DataDirectory.Default,
    };

    public static Option<string> Kubeconfig() => new("--kubeconfig")
    {
        Description = "Where the admin kubeconfig is written.",
        DefaultValueFactory = _ => Path.Combine(Hosting.DataDirectory.UserDirectory, "admin.conf"),
    };
}
