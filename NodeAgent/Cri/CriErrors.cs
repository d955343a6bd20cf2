using Grpc.Core;

namespace OrleansOrchestrator.NodeAgent.Cri;

/// <summary>Texts of runtime errors as gRPC clients in Go print them: that is what statuses and events show.</summary>
public static class CriErrors
{
    public static string Text(RpcException exception) =>
        $"rpc error: code = {exception.StatusCode} desc = {exception.Status.Detail}";
}
