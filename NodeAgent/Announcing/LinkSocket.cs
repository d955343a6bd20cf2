using System.Buffers.Binary;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace OrleansOrchestrator.NodeAgent.Announcing;

/// <summary>Whole frames of one protocol, from and to one link.</summary>
public sealed partial class LinkSocket : IDisposable
{
    /// <summary>No frame that asks for an address is longer.</summary>
    private const int LongestFrame = 1514;

    private const int SocketLevel = 1;
    private const int AttachFilter = 26;
    private const int PacketLevel = 263;
    private const int AddMembership = 1;
    private const ushort AllMulticast = 2;

    private readonly Socket _socket;
    private readonly byte[] _buffer = new byte[LongestFrame];
    private readonly byte[] _link;
    private readonly bool _isIPv6;

    private LinkSocket(Socket socket, byte[] link, bool isIPv6) => (_socket, _link, _isIPv6) = (socket, link, isIPv6);

    /// <summary>
    /// Opens the link of a name; throws <see cref="SocketException"/> when there is none, or no right to.
    /// </summary>
    public static LinkSocket Open(string name, bool isIPv6)
    {
        var link = NetworkInterface.GetAllNetworkInterfaces().FirstOrDefault(i => i.Name == name)
            ?? throw new SocketException((int)SocketError.AddressNotAvailable);
        var index = IndexOf(name);
        var etherType = isIPv6 ? NdpFrame.EtherType : ArpFrame.EtherType;
        var protocol = BinaryPrimitives.ReverseEndianness(etherType);
        var socket = new Socket(AddressFamily.Packet, SocketType.Raw, (ProtocolType)protocol);
        try
        {
            if (isIPv6)
            {
                Filter(socket);
                Join(socket, index);
            }

            socket.Bind(new LinkEndPoint(index, etherType));
            return new LinkSocket(socket, link.GetPhysicalAddress().GetAddressBytes(), isIPv6);
        }
        catch (SocketException)
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Waits for a frame that asks for an address of ours, and answers it; tells which.</summary>
    public async Task<IPAddress> AnswerAsync(Predicate<IPAddress> isOurs, CancellationToken cancellationToken)
    {
        while (true)
        {
            var length = await _socket.ReceiveAsync(_buffer, cancellationToken);
            if (Answer(_buffer.AsSpan(0, length), isOurs) is var (address, answer))
            {
                await _socket.SendAsync(answer, cancellationToken);
                return address;
            }
        }
    }

    /// <summary>Tells everybody on the link that an address is here.</summary>
    public async Task AnnounceAsync(IPAddress address, CancellationToken cancellationToken) => await _socket.SendAsync(
        _isIPv6 ? NdpFrame.Announcement(address, _link) : ArpFrame.Announcement(address, _link), cancellationToken);

    public void Dispose() => _socket.Dispose();

    private (IPAddress Address, byte[] Answer)? Answer(ReadOnlySpan<byte> frame, Predicate<IPAddress> isOurs)
    {
        // What we sent ourselves comes back to every packet socket.
        if (frame.Length < LinkFrame.HeaderLength
            || frame[LinkFrame.AddressLength..(2 * LinkFrame.AddressLength)].SequenceEqual(_link))
        {
            return null;
        }

        var asked = _isIPv6 ? NdpFrame.Asks(frame) : ArpFrame.Asks(frame);
        return asked is null || !isOurs(asked) ? null
            : (asked, _isIPv6 ? NdpFrame.Answer(frame, _link) : ArpFrame.Answer(frame, _link));
    }

    /// <summary>
    /// Solicitations go to multicast groups, of which the kernel's own addresses know nothing of ours.
    /// </summary>
    private static void Join(Socket socket, int index)
    {
        Span<byte> request = stackalloc byte[16];
        BitConverter.TryWriteBytes(request, index);
        BitConverter.TryWriteBytes(request[4..], AllMulticast);
        socket.SetRawSocketOption(PacketLevel, AddMembership, request);
    }

    /// <summary>
    /// Lets nothing but solicitations through, in the kernel: else every IPv6 packet of the node would be copied here.
    /// </summary>
    private static unsafe void Filter(Socket socket)
    {
        Span<Instruction> program =
        [
            new(0x30, 0, 0, 20), // load the next header
            new(0x15, 0, 3, 58), // ICMPv6, or refuse
            new(0x30, 0, 0, 54), // load the message's type
            new(0x15, 0, 1, 135), // a solicitation, or refuse
            new(0x06, 0, 0, LongestFrame),
            new(0x06, 0, 0, 0),
        ];
        fixed (Instruction* first = program)
        {
            var wanted = new Program((ushort)program.Length, first);
            socket.SetRawSocketOption(
                SocketLevel, AttachFilter, new ReadOnlySpan<byte>(&wanted, sizeof(Program)));
        }
    }

    [LibraryImport("libc", EntryPoint = "if_nametoindex", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int IndexOf(string name);

    /// <summary>The kernel's <c>sock_filter</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private readonly record struct Instruction(ushort Code, byte IfTrue, byte IfFalse, uint Value);

    /// <summary>The kernel's <c>sock_fprog</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private readonly unsafe struct Program(ushort length, Instruction* first)
    {
        private readonly ushort _length = length;
        private readonly Instruction* _first = first;
    }
}
