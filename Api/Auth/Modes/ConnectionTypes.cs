namespace OrleansOrchestrator.Api.Auth.Modes;

/// <summary>How a webhook's place is given.</summary>
public static class ConnectionTypes
{
    public const string InCluster = "InClusterConfig";
    public const string KubeconfigFile = "KubeConfigFile";
}
