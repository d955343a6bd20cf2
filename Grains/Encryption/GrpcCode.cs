using Grpc.Core;

namespace OrleansOrchestrator.Grains.Encryption;

/// <summary>Codes of gRPC as Go, and so upstream's messages and labels, names them.</summary>
internal static class GrpcCode
{
    public static string NameOf(StatusCode code) => code == StatusCode.Cancelled ? "Canceled" : code.ToString();
}
