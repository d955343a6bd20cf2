namespace OrleansOrchestrator.Api.Admission;

/// <summary>Operations in upstream's words.</summary>
internal static class AdmissionOperations
{
    public static string Word(this AdmissionOperation operation) => operation switch
    {
        AdmissionOperation.Create => "CREATE",
        AdmissionOperation.Update => "UPDATE",
        AdmissionOperation.Delete => "DELETE",
        _ => "CONNECT",
    };
}
