using OrleansOrchestrator.NodeAgent.Kernel;

namespace OrleansOrchestrator.NodeAgent;

/// <summary>What must hold before anything starts; each failure is one clear sentence.</summary>
public static class AgentPreconditions
{
    public static string? Problem(NodeAgentOptions options)
    {
        if (!Linux.IsRoot)
        {
            return "The node agent runs containers and needs root.";
        }

        if (options.Kubeconfig.Length > 0 && !File.Exists(options.Kubeconfig))
        {
            return $"The kubeconfig file \"{options.Kubeconfig}\" does not exist.";
        }

        if (options.RuntimeSocket.Length > 0)
        {
            return null;
        }

        foreach (var (program, package) in new[] { (options.ContainerdBinary, "containerd"), ("ctr", "containerd"), ("runc", "runc") })
        {
            if (!Commands.Exists(program))
            {
                return $"The program \"{program}\" is missing; install it with: apt-get install {package}";
            }
        }

        return File.Exists(Path.Combine(options.CniBinaryDirectory, "bridge"))
            ? null
            : $"No CNI plugins in \"{options.CniBinaryDirectory}\"; install them with: apt-get install containernetworking-plugins";
    }
}
