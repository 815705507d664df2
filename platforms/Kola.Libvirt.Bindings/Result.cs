using System.Runtime.InteropServices;

namespace Kola.Libvirt.Bindings;

/// <summary>Makes of what libvirt returns what .NET returns. libvirt keeps its error by thread, so these are called at once, on the same thread.</summary>
internal static unsafe class Result
{
    /// <summary>A number that is negative on error.</summary>
    /// <exception cref="LibvirtException">It was.</exception>
    public static int Check(int result) => result >= 0 ? result : throw LibvirtException.Last();

    /// <summary>A handle that is invalid on error.</summary>
    /// <exception cref="LibvirtException">It was.</exception>
    public static T Check<T>(T handle) where T : LibvirtHandle
    {
        if (!handle.IsInvalid)
            return handle;
        LibvirtException problem = LibvirtException.Last();
        handle.Dispose();
        throw problem;
    }

    /// <summary>A text libvirt keeps.</summary>
    /// <exception cref="LibvirtException">There is none.</exception>
    public static string Borrowed(byte* text) => Marshal.PtrToStringUTF8((nint)text) ?? throw LibvirtException.Last();

    /// <summary>A text libvirt gave away.</summary>
    /// <exception cref="LibvirtException">There is none.</exception>
    public static string Owned(byte* text)
    {
        string result = Borrowed(text);
        NativeMemory.Free(text);
        return result;
    }

    /// <summary>A list libvirt gave away, each with a reference.</summary>
    public static IReadOnlyList<T> List<T>(nint* items, int count, Func<nint, T> take)
    {
        Check(count);
        var list = new List<T>(count);
        for (int i = 0; i < count; i++)
            list.Add(take(items[i]));
        NativeMemory.Free(items);
        return list;
    }

    /// <summary>libvirt writes 9.0.3 as 9000003.</summary>
    public static Version VersionOf(CULong number) => new((int)(number.Value / 1_000_000), (int)(number.Value / 1_000 % 1_000), (int)(number.Value % 1_000));
}
